"""What the examples of the functions do not tell: nulls, overloads, and the edges of each group."""

from datetime import datetime

import pytest

from pfnb.exceptions import PelEvaluationError
from pfnb.language import evaluate


@pytest.fixture(autouse=True)
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@text.upperCase(null)", None),
        ("@text.upperCase(1.5)", "1.5"),
        ("@text.leftPad('bat', -1)", "bat"),
        ("@text.leftPad('a', 4, 'xyz')", "xyza"),
        ("@text.leftPad('a', 3, '')", "  a"),
        ("@text.lastIndexOf('banana', 'an', 2)", 1),
        ("@text.lastIndexOf('banana', 'an', -1)", -1),
        ("@text.indexOf(null, 'a')", -1),
        ("@text.contains('abc', 'x', 'B')", True),
        ("@text.contains('abc', '')", False),
        ("@text.contains(null, 'a')", False),
        ("@text.prefix('Foo', '-')", "Foo"),
        ("@text.suffix('Foo', '-')", "Foo"),
        ("@text.substring('abc', 2, 1)", ""),
        ("@text.substring('abc', 9)", ""),
        ("@text.substring('a😀b', 3)", "b"),
        ("@text.length('😀')", 2),
        ("@text.shorten('abc', 3)", "abc"),
        ("@text.concat(null, 'a', 'b')", "ab"),
        ("@text.split('', ',')", []),
        ("@text.matches('abc', 'x')", []),
        ("@text.matches('ab', '(a)|(b)')", ["a", "a", None]),
        (
            "@text.toHtml('see https://a.b/?x=1&y=\"><script> now')",
            'see <a href="https://a.b/?x=1&amp;y=">https://a.b/?x=1&amp;y=</a>&quot;&gt;&lt;script&gt; now',
        ),
        ("@text.lang('zzz')", "UNKNOWN"),
        ("@text.lang('Das ist nicht der Weg')", "GERMAN"),
        ("@text.lang('le chat et la souris')", "FRENCH"),
        ("@text.isAllEmpty({'', 'x'})", False),
        ("@list.sublist({1, 2, 3}, '1:')", [2, 3]),
        ("@list.sublist({1, 2, 3}, ':1')", [1, 2]),
        ("@list.sublist({1, 2, 3}, '2:9')", [3]),
        ("@list.first(null)", None),
        ("@list.add(null, 1)", [1]),
        ("@list.contains({1, 2}, '1')", False),
        ("@list.contains({null}, null)", True),
        ("@path.join({'a', null, 'b/'}, 'c')", "a/b/c"),
        ("@path.extension('a')", ""),
        ("@path.basename('/a.b/c.tar.gz')", "c.tar"),
        ("@hash.sha256({'a', 'bc'}) == @hash.sha256('abc')", True),
        ("@hash.sha256(@convert.fromBase64ToBytes('YWJj')) == @hash.sha256('abc')", True),
        ("@calc.sum({0.1, 0.2})", 0.3),
        ("@calc.sum({1, 2})", 3),
        ("@calc.sum(null)", 0),
        ("@calc.avg({})", 0.0),
        ("@calc.round(-2.5, 0, 'half_even')", -2),
        ("@calc.round('1.005', 2)", 1.01),
        ("@calc.roundUp(1.1)", 2),
        ("@convert.toInteger('')", 0),
        ("@convert.toInteger(null)", None),
        ("@convert.toLong(true)", 1),
        ("@convert.toLong('-5.9')", -5),
        ("@convert.toBoolean('-1')", False),
        ("@convert.toBoolean('')", False),
        ("@convert.toDecimal('1,5', ',')", 1.5),
        ("@convert.toDecimal('1.234,5', null)", 1234.5),
        ("@convert.toDecimal(5)", 5.0),
        ("@convert.toMapOrList({1})", [1]),
        ("@convert.fromBase64('/+8=')", "\ufffd\ufffd"),
        ("@data.select({a: 1, b: 2}, 'a', 'b AS c')", {"a": 1, "c": 2}),
        ("@data.select({a: 1})", {}),
        ("@data.size(null)", 0),
        ("@data.integerList(2, 1)", []),
        ("@data.put({a: 1}, 1, 2)", {"a": 1, "1": 2}),
        ("@data.has(null, 'a')", False),
        ("@date.format(0, 'yyyy-MM-dd HH:mm VV')", "1970-01-01 01:00 Europe/Berlin"),
        ("@date.format('01.07.2030 10:00', 'dd.MM.yyyy HH:mm', 'XXX')", "+02:00"),
        ("@date.year('no date')", None),
        ("@date.year('2001-07-04T12:08:56.235-0700')", "2001"),
        ("@date.isOverdue('2030-01-02', '2030-01-01')", False),
        ("@date.isExpired('2020-01-01', '2020-01-11', 0.7, '2020-01-03')", False),
        ("@date.format(@date.beginOfWeek(1735819200000, 7, 0), 'EEE dd')", "Sun 29"),
        ("@date.format(@date.beginOfWeek(1735819200000, null, 1), 'EEE dd')", "Mon 06"),
        ("@date.format(@date.beginOfDay(1743300000000, 0), 'HH:mm XXX')", "00:00 +01:00"),
        ("@date.format(@date.beginOfDay(1743300000000, 1), 'HH:mm XXX')", "00:00 +02:00"),
        ("@json.path('{\"a\": [1, 2]}', '$.a[-1]')", 2),
        ("@json.path({a: 1}, '$.b')", None),
        ("@json.path({a: {1, 2, 3, 4}}, '$.a[1:4:2]')", [2, 4]),
        ("@json.path({a: {1, 2}, b: 3}, '$[''a'', \"b\"]')", [[1, 2], 3]),
        ("@json.path({{n: 1}, {n: 2}, {m: 3}}, '$[?(@.n >= 2 || !@.n)]')", [{"n": 2}, {"m": 3}]),
        ("@json.path({min: 2, x: {{n: 1}, {n: 2}}}, '$.x[?@.n == $.min && (@.n < 9)].n')", [2]),
        ("@xml.xpath({a: {b: {1, 2}}}, '/root/a/b[. > 1]/text()')", ["2"]),
        ("@xml.xpath('<a x=\"1\"/>', '/a[@x = 1]')", ['<a x="1" />']),
        ("@xml.xpathAsText('<a>x<b>y</b></a>', '/a')", "xy"),
    ],
)
def test_edges(expression, value):
    result = evaluate(expression, {"vars": {}, "body": None, "headers": {}})
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("@list.sublist({1}, 'x')", "START:END"),
        ("@list.sublist({1}, ':')", "START:END"),
        ("@calc.round(1, 0, 'SIDEWAYS')", "unknown rounding mode"),
        ("@calc.round(1.5, 0, 'UNNECESSARY')", "more than 0 digits"),
        ("@convert.toInteger('abc')", "is not a number"),
        ("@convert.toMap('[1]')", "not a map"),
        ("@convert.toMapOrList('1')", "neither a map nor a list"),
        ("@convert.toDecimal('1', 'a', 'b', 'c')", "at most a pattern"),
        ("@convert.toDecimal('1', 'xx')", 'unknown locale "xx"'),
        ("@data.set(1, 'a', 1)", "its parent is not a map"),
        ("@data.set({a: 1}, 'a.b', 1)", "its parent is not a map"),
        ("@date.now('a', 'b', 'c')", "at most a zone"),
        ("@date.beginOfYear()", "an offset"),
        ("@date.beginOfWeek(1)", "a start day and an offset"),
        ("@date.beginOfWeek(8, 0)", "from 1"),
        ("@date.format('x', 'yyyy')", "is not a date"),
        ("@date.isExpired('2020', '2021-01-01', -1)", "is not a date|the part"),
        ("@json.load('{')", "this is not JSON"),
        ("@json.path({1}, 'a')", r"expected '\$'"),
    ],
)
def test_what_makes_no_sense_is_said(expression, message):
    with pytest.raises(PelEvaluationError, match=message):
        evaluate(expression, {"vars": {}, "body": None, "headers": {}})


def test_now_is_now():
    assert datetime.fromisoformat(evaluate("@date.nowIso8601()", {})).utcoffset() is not None
    assert abs(evaluate("@date.timestamp()", {}) / 1000 - datetime.now().timestamp()) < 60
    assert evaluate("@date.now('yyyy')", {}) in (str(datetime.now().year), str(datetime.now().year - 1))
    assert "," in evaluate("@date.now('Europe/Berlin', 'de-AT')", {})


def test_random_texts_differ():
    assert evaluate("@text.random(20) != @text.random(20) && @text.uuid() != @text.uuid()", {}) is True


@pytest.mark.parametrize(
    ("text", "found"), [("'[]'", []), ("'[1, 2]'", [1, 2]), ("'a, b'", ["a", "b"]), ("{1}", [1]), ("null", [])]
)
def test_a_list_is_read_from_json_or_from_a_text_with_commas(text, found):
    assert evaluate(f"@util.toList({text})", {}) == found
