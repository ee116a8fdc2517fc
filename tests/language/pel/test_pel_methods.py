"""The allowed methods, with Java's semantics; everything else does not exist."""

import pytest

from pfnb.exceptions import PelError, PelEvaluationError
from pfnb.language.pel import evaluate


def scope():
    return {
        "vars": {"word": "Notebook", "list": [5, 3, 5], "map": {"a": 1, "b": None}, "n": 42, "gone": None},
        "body": "  padded\t",
        "headers": {},
    }


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.word.length()", 8),
        ("vars.word.toUpperCase().toLowerCase()", "notebook"),
        ("vars.word.substring(4)", "book"),
        ("vars.word.substring(0, '4')", "Note"),
        ("vars.word.substring(4.9)", "book"),
        ("vars.word.charAt(0)", "N"),
        ("vars.word.indexOf('o')", 1),
        ("vars.word.indexOf('o', 2)", 5),
        ("vars.word.indexOf(111)", 1),
        ("vars.word.lastIndexOf('o')", 6),
        ("vars.word.lastIndexOf('o', 5)", 5),
        ("vars.word.indexOf('z')", -1),
        ("vars.word.contains('book')", True),
        ("vars.word.startsWith('book', 4)", True),
        ("vars.word.endsWith('k')", True),
        ("vars.word.equalsIgnoreCase('NOTEBOOK')", True),
        ("vars.word.compareTo('Note')", 4),
        ("'b'.compareToIgnoreCase('A')", 1),
        ("vars.word.replace('o', '0')", "N0teb00k"),
        ("vars.word.concat(7)", "Notebook7"),
        ("'ab'.repeat(2)", "abab"),
        ("'Hi'.hashCode()", 2337),
        ("body.trim()", "padded"),
        ("body.stripLeading()", "padded\t"),
        ("' \t'.isBlank()", True),
        ("''.isEmpty()", True),
        ("'🙂x'.length()", 3),
        ("'🙂x'.substring(2)", "x"),
        ("'🙂'.charAt(0)", "\ufffd"),
        ("'x'.join('-', {1, 'b', null})", "1-b-null"),
        ("'7'.equals(7)", False),
        ("'abc'.toCharArray().length", 3),
    ],
)
def test_texts(expression, value):
    assert evaluate(expression, scope()) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.list.size()", 3),
        ("vars.list.get('1')", 3),
        ("vars.list.contains(3)", True),
        ("vars.list.contains('3')", False),
        ("vars.list.contains(3.0)", False),
        ("{true, 1.0, 1}.indexOf(1)", 2),
        ("vars.list.containsAll({3, 5})", True),
        ("vars.list.indexOf(5)", 0),
        ("vars.list.lastIndexOf(5)", 2),
        ("vars.list.subList(1, 3)", [3, 5]),
        ("vars.list.isEmpty()", False),
        ("vars.list.equals({5, 3, 5})", True),
        ("vars.list.toString()", "[5, 3, 5]"),
        ("vars.list.hashCode()", 34694),
        ("{vars.list.add(0, 9), vars.list}", [None, [9, 5, 3, 5]]),
        ("{vars.list.addAll({1, 2}), vars.list}", [True, [5, 3, 5, 1, 2]]),
        ("{vars.list.set(1, 4), vars.list}", [3, [5, 4, 5]]),
        ("{vars.list.remove(0), vars.list}", [5, [3, 5]]),
        ("{vars.list.remove('x'), vars.list}", [False, [5, 3, 5]]),
        ("{vars.list.removeAll({5}), vars.list}", [True, [3]]),
        ("{vars.list.retainAll({5}), vars.list}", [True, [5, 5]]),
        ("{vars.list.sort(null), vars.list}", [None, [3, 5, 5]]),
        ("{vars.list.clear(), vars.list}", [None, []]),
    ],
)
def test_lists(expression, value):
    assert evaluate(expression, scope()) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.map.get('a')", 1),
        ("vars.map.get('zz')", None),
        ("vars.map.getOrDefault('zz', 5)", 5),
        ("vars.map.containsKey('b')", True),
        ("vars.map.containsValue(null)", True),
        ("vars.map.keySet()", ["a", "b"]),
        ("vars.map.values()", [1, None]),
        ("vars.map.entrySet().![key]", ["a", "b"]),
        ("vars.map.entrySet()[0].getValue()", 1),
        ("vars.map.size()", 2),
        ("{vars.map.put('a', 2), vars.map}", [1, {"a": 2, "b": None}]),
        ("{vars.map.putIfAbsent('b', 2), vars.map}", [None, {"a": 1, "b": 2}]),
        ("{vars.map.putAll({c: 3}), vars.map.c}", [None, 3]),
        ("{vars.map.remove('a'), vars.map}", [1, {"b": None}]),
        ("{vars.map.remove('a', 9), vars.map.size()}", [False, 2]),
        ("{vars.map.replace('zz', 9), vars.map.size()}", [None, 2]),
        ("{vars.map.clear(), vars.map}", [None, {}]),
    ],
)
def test_maps(expression, value):
    assert evaluate(expression, scope()) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.n.toString() + 1", "421"),
        ("vars.n.doubleValue()", 42.0),
        ("6.9.intValue()", 6),
        ("vars.n.compareTo(50)", -1),
        ("2.5.compareTo(2)", 1),
        ("(0.0 / 0).isNaN()", True),
        ("1.5.hashCode()", 1073217536),
        ("true.compareTo(false)", 1),
        ("true.toString().length()", 4),
        ("vars.n.equals(42)", True),
        ("vars.n.equals(42.0)", False),
    ],
)
def test_numbers_and_booleans(expression, value):
    assert evaluate(expression, scope()) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("vars.word.lenght()", "did you mean 'length'"),
        ("vars.list.ad(1)", "did you mean 'add'"),
        ("vars.map.containsKeys('a')", "did you mean 'containsKey'"),
        ("vars.n.nope()", "a whole number has no method 'nope'"),
        ("vars.gone.size()", r"null has no methods: write \?\."),
        ("vars.word.substring()", "takes 1 to 2 arguments, not 0"),
        ("vars.word.length(1)", "takes 0 arguments, not 1"),
        ("vars.word.substring('x')", "argument 1 .* not a whole number"),
        ("vars.word.substring(null)", "null is not a whole number"),
        ("vars.word.contains(1)", "expected a text, not a whole number"),
        ("vars.word.concat({a: 1})", "expected a text, not a map"),
        ("vars.word.substring(9)", "a text of length 8 has no part from 9 to 8"),
        ("vars.word.charAt(-1)", "no character -1"),
        ("vars.list.get(3)", "no index 3 in a list of 3"),
        ("vars.list.addAll(1)", "expected a list"),
        ("'a,b'.split(',').size()", r"an index, and \.length"),
        ("doIt(1)", "a map has no method 'doIt'"),
    ],
)
def test_what_does_not_exist_or_fit_is_named(expression, message):
    with pytest.raises(PelEvaluationError, match=message):
        evaluate(expression, scope())


@pytest.mark.parametrize(
    "expression",
    [
        "T(java.lang.Runtime).getRuntime()",
        "1 instanceof T(Integer)",
        "1 instanceof 'Integer'",
        "new java.io.File('x')",
        "vars.word.class",
        "vars.class",
        "vars.word.getClass()",
        "vars.word.__class__",
        "vars.word.__class__()",
        "vars.__dict__",
        "vars.word.format('%s')",
        "vars.word.encode()",
        "vars.list.append(1)",
        "vars.map.items()",
        "#root.vars.list.__len__()",
        "#open('x')",
    ],
)
def test_there_is_no_way_to_types_or_attributes(expression):
    with pytest.raises(PelError):
        evaluate(expression, scope())


def test_keys_of_any_name_are_data():
    data = {"vars": {"class": 1, "__class__": 2, "new": 3, "T": 4}, "body": None, "headers": {}}
    assert evaluate("{vars.class, vars.__class__, vars['new'], vars[T]}", data) == [1, 2, 3, 4]
