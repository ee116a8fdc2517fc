"""Assignments and increments change the scope that was passed in."""

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate


def scope():
    return {"vars": {"n": 3, "list": [1, 2], "map": {"a": 1}, "gone": None, "word": "x"}, "body": {}, "headers": {}}


@pytest.mark.parametrize(
    ("expression", "value", "variables"),
    [
        ("vars.n = 4", 4, {"n": 4}),
        ("vars.fresh = {1, 2}", [1, 2], {"fresh": [1, 2]}),
        ("vars['a b'] = 'c'", "c", {"a b": "c"}),
        ("vars[fresh] = 1", 1, {"fresh": 1}),
        ("vars.list[1] = 9", 9, {"list": [1, 9]}),
        ("vars.map.b = vars.n + 1", 4, {"map": {"a": 1, "b": 4}}),
        ("(vars.n = 7) + 1", 8, {"n": 7}),
        ("vars.n > 1 ? vars.n = 1 : 0", 1, {"n": 1}),
        ("vars.n = (vars.gone ?: 5)", 5, {"n": 5}),
        ("{vars.n = 1, vars.n + 1}", [1, 2], {"n": 1}),
        ("vars.n++", 3, {"n": 4}),
        ("++vars.n", 4, {"n": 4}),
        ("vars.n-- - --vars.n", 2, {"n": 1}),
        ("vars.map['a']++ + 10", 11, {"map": {"a": 2}}),
        ("vars.list.add(3)", True, {"list": [1, 2, 3]}),
        ("vars.map.put('z', 0)", None, {"map": {"a": 1, "z": 0}}),
    ],
)
def test_the_scope_is_changed_in_place(expression, value, variables):
    data = scope()
    expected = {**scope()["vars"], **variables}
    own = data["vars"]
    assert evaluate(expression, data) == value
    assert data["vars"] is own
    assert own == expected


def test_the_body_is_replaced():
    data = scope()
    assert evaluate("body = {sku: 'x'}", data) == {"sku": "x"}
    assert data["body"] == {"sku": "x"}


def test_a_literal_is_new_at_each_evaluation():
    data = scope()
    for _ in range(2):
        evaluate("vars.fresh = {1}", data)
        evaluate("vars.fresh.add(2)", data)
        assert data["vars"]["fresh"] == [1, 2]


def test_variables_live_for_one_evaluation():
    assert evaluate("{#x = 2, #x * 3, #y}", scope()) == [2, 6, None]
    assert evaluate("#x", scope()) is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("vars.nowhere.x = 1", "no key 'nowhere'"),
        ("vars.gone.x = 1", "cannot be set on null"),
        ("vars.gone?.x = 1", "cannot be set on null"),
        ("vars.word.x = 1", "cannot be set on a text"),
        ("vars.word[0] = 'y'", "cannot be used with this index"),
        ("vars.list[2] = 1", "no index 2"),
        ("vars.list.size() = 1", "cannot be assigned to"),
        ("3 = 4", "can be assigned to"),
        ("vars.n + 1 = 4", "can be assigned to"),
        ("#root = 1", "#root cannot be assigned to"),
        ("{a: 1}.a = 2", "put it into a variable first"),
        ("{1, 2}.add(3)", "put it into a variable first"),
        ("vars.map.keySet().clear()", "put it into a variable first"),
        ("5++", "can be assigned to"),
        ("vars.word++", "needs a number, not a text"),
        ("vars.map['zz']++", "needs a number, not null"),
        ("vars.nowhere++", "no key 'nowhere'"),
    ],
)
def test_what_cannot_be_assigned_is_refused(expression, message):
    data = scope()
    with pytest.raises(PelEvaluationError, match=message):
        evaluate(expression, data)
    assert data == scope()


@pytest.mark.parametrize(
    "expression", ["vars.n = ", "vars.n = vars.m = 2", "vars.n = true ? 1 : 2", "vars.n := 2", "vars.n++++"]
)
def test_unclear_assignments_are_syntax_errors(expression):
    with pytest.raises(PelSyntaxError):
        evaluate(expression, scope())
