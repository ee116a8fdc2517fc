"""Whatever a function is given, it ends at once, with an answer or a clear error, and makes nothing huge."""

import time
import tracemalloc

import pytest

from pfnb.exceptions import PelEvaluationError
from pfnb.language import evaluate

BRANCHES = "<a>" + "<b><c><d/></c></b>" * 3000 + "</a>"
WIDE = {"items": [{"n": {"m": [{"k": number}] * 10}} for number in range(500)]}
LARGE = "x" * 1_000_000
LOOP: dict[str, object] = {}
LOOP["self"] = LOOP
SCOPE = {
    "vars": {"large": LARGE, "a": "a" * 40 + "b", "wide": WIDE, "branches": BRANCHES, "loop": LOOP},
    "body": None,
    "headers": {},
}
LATE = "takes too long|takes more than"
"""By processor time, or by the clock where other programs hold up the process that works on it."""
ALONE = pytest.mark.alone
HUGE = [
    "@data.integerList(1, 1000000000)",
    "@text.leftPad('a', 1e9)",
    "@text.leftPad('a', 1e300)",
    "@text.rightPad('a', 1000000000, 'xy')",
    "@text.random(1000000000)",
    "@text.replaceAll(vars.large, 'x', vars.large)",
    "@calc.round(1, 1000000000)",
    "@convert.toDecimalString('1e399', '#' * 1000, 'de')",
]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("@data.integerList(1, 1000000000)", "longer than 1,000,000 items"),
        ("@text.leftPad('a', 1e9)", "longer than 8,000,000 characters"),
        ("@text.rightPad('a', 1000000000, 'xy')", "longer than 8,000,000 characters"),
        ("@text.leftPad('a', 1e300)", "longer than 8,000,000 characters"),
        ("@text.random(1000000000)", "at most 10,000 characters"),
        ("@text.replaceAll(vars.large, 'x', vars.large)", "longer than 8,000,000 characters"),
        ("@text.concat(vars.large, @data.integerList(1, 1000))", "longer than 8,000,000 characters"),
        ("@text.matches(vars.a, '^(?:a|aa)+(?:a|aa)+(?:a|aa)+$')", "takes too long"),
        (
            "@text.concatAndFormat('', @data.integerList(1, 1000000), '(''1'' * 999).length() + #this')",
            "takes too long",
        ),
        ("@text.concatAndFormat('', {1}, 'vars')", "has no 'vars'"),
        ("@data.set({:}, 'a.' * 1000, 1)", "at most 64 parts"),
        ("@calc.round('9' * 1000000, 2)", "is not a number"),
        ("@calc.round('1e900', 2)", "400 digits"),
        ("@calc.round(1, 1000000000)", "a scale must be from"),
        ("@convert.toDecimalString(1e300, '#' * 1000000, 'de')", "is not a number pattern"),
        ("@convert.fromBase64('%%%')", "not base64"),
        ("@date.format('2030-01-01', 'y' * 1000000)", "at most 200 characters"),
        ("@date.format(1e300, 'yyyy')", "outside of the years"),
        ("@date.beginOfYear(1000000000)", "outside of the years"),
        ("@date.beginOfMonth(-1000000000)", "outside of the years"),
        ("@date.beginOfDay(10000000000)", "outside of the years"),
        ("@date.now('../../etc/passwd', 'de')", "unknown time zone"),
        ("@json.load('[' * 1000000)", "nested too deeply"),
        ("@json.path(vars.wide, '$..*..*..*..*..*')", "too much data"),
        ("@json.path(vars.wide, '$[' * 500)", "the JSONPath is wrong"),
        ("@json.path(vars.wide, '$[?(' + '(' * 900)", "is wrong|nested too deeply"),
        ("@json.stringify(vars.loop)", "contains itself"),
        ("@convert.toXMLString(vars.loop)", "nested too deeply"),
        ("@convert.toXMLString({'a b': 1})", "cannot be a name"),
        ("@convert.toMap('<a>' * 100000 + '</a>' * 100000)", "nested deeper than 100"),
        ("""@convert.toMap('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')""", "document type"),
        pytest.param("@xml.xpath(vars.branches, 'count(//*[count(//*[count(//*) > 1]) > 1])')", LATE, marks=ALONE),
        pytest.param(
            "@xml.xpath(vars.branches, '//b = //c[. = //d]/x | //b[count(//c) = count(//d)]')",
            f"{LATE}|is wrong",
            marks=ALONE,
        ),
        ("@xml.xpath('<a/>', '/a[')", "the XPath is wrong"),
        ("@xml.xpath('<a/>', 'doc(''file:///etc/passwd'')')", "unknown function"),
        ("@xml.xpath('<a/>', vars.large)", "at most 1,000 characters"),
    ],
)
def test_what_would_be_huge_or_take_long_is_refused_at_once(expression, message):
    started, used = time.perf_counter(), time.process_time()
    with pytest.raises(PelEvaluationError, match=message):
        evaluate(expression, SCOPE)
    assert time.process_time() - used < 2  # how long that takes is up to the other programs of this machine
    assert time.perf_counter() - started < 15


@pytest.mark.parametrize("expression", HUGE)
def test_nothing_huge_is_made_on_the_way(expression):
    tracemalloc.start()
    try:
        with pytest.raises(PelEvaluationError):
            evaluate(expression, SCOPE)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "expression",
    [
        "@text.trim(body)",
        "@text.concat('', body, '')",
        "@text.concatAndFormat('', {body}, '#this')",
        "@text.replaceAll('x', 'x', body)",
        "@data.select(vars, 'copy')",
        "@data.set({:}, 'a', body).a",
        "@convert.fromBase64(@convert.toBase64(body))",
        "@json.load(@json.stringify({a: body})).a",
        "@xml.xpathAsText(@convert.toXMLString({a: body}), '/root/a')",
        "@list.first(@list.add({}, body))",
    ],
)
def test_an_expression_inside_data_stays_text(expression):
    body = "#{7*7} ${7*7} @text.uuid()"
    assert evaluate(expression, {"vars": {"copy": body}, "body": body, "headers": {}}) == body
