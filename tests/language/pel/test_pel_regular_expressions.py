"""`matches`, `replaceAll`, `replaceFirst` and `split`: Java's rules, within a time limit."""

import time

import pytest

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel import evaluate, parse

SCOPE = {"vars": {"gone": None, "slow": "a" * 40 + "b", "csv": "x;y;;z;;"}, "body": None, "headers": {}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (r"'2031-07-04' matches '\d{4}-\d\d-\d\d'", True),
        ("'notebook' matches 'book'", False),
        (r"4711 matches '\d+'", True),
        ("'Book' MATCHES '(?i)bOOK'", True),
        (r"'x.y' matches '[\w.]+'", True),
        (r"'٣' matches '\d'", False),
        (r"'ß' matches '\p{L}'", True),
        ("'c' matches '[a-z&&[^aeiou]]'", True),
        (r"'a+b' matches '\Qa+b\E'", True),
        (r"'abab' matches '(?<two>ab)\k<two>'", True),
        ("'one\ntwo' matches 'one.two'", False),
        ("'one\ntwo' matches '(?s)one.two'", True),
        (r"'k1v2'.replaceAll('([a-z])(\d)', '$2$1')", "1k2v"),
        (r"'cost'.replaceAll('o', '\$')", "c$st"),
        ("'aXbX'.replaceFirst('X', '-')", "a-bX"),
        ("'ab'.replaceAll('', '.')", ".a.b."),
        ("'x'.replaceAll('(y)?x', '[$1]')", "[]"),
        ("vars.csv.split(';')", ["x", "y", "", "z"]),
        ("vars.csv.split(';', -1)", ["x", "y", "", "z", "", ""]),
        ("vars.csv.split(';', 2)", ["x", "y;;z;;"]),
        ("'abc'.split('')", ["a", "b", "c"]),
        ("''.split(',')", [""]),
        ("'a1b22c'.split('[0-9]+').length", 3),
        ("'abc'.matches('[abc]{3}')", True),
    ],
)
def test_java_rules(expression, value):
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'a' matches '[a'", "not valid"),
        ("'a' matches '*a'", "not valid"),
        ("'a' matches 'a{'", "no meaning"),
        ("'a' matches '(?R)'", "no meaning"),
        ("'a' matches '(a){e<=1}'", "no meaning"),
        ("'a' matches null", "needs a regular expression after it"),
        ("vars.gone matches 'a'", "needs a text before it"),
        ("'a'.replaceAll('a', '$')", "needs a group"),
        ("'a'.replaceAll('a', '$1')", "group 1"),
        ("'a'.replaceAll('a', '${name}')", "names a group"),
        ("'a' matches '((a{500}){500}){500}'", "repeats too much"),
        ("('a' * 2000000) matches 'a+'", "can be applied to at most"),
        ("'a' matches 'a' * 5000", "at most 1,000 characters"),
    ],
)
def test_what_is_wrong_is_said(expression, message):
    with pytest.raises(PelEvaluationError, match=message):
        evaluate(expression, SCOPE)


def test_a_catastrophic_pattern_ends_in_time():
    started = time.monotonic()
    with pytest.raises(PelEvaluationError, match="takes too long"):
        evaluate("vars.slow matches '(?:a|aa)+(?:a|aa)+(?:a|aa)+c?'", SCOPE)
    assert time.monotonic() - started < 5


def test_the_time_limit_is_for_the_whole_evaluation():
    data = {"vars": {"rows": ["a" * 40 + "b"] * 100}, "body": None, "headers": {}}
    started = time.monotonic()
    with pytest.raises(PelEvaluationError, match="takes too long"):
        evaluate("vars.rows.![#this matches '(?:a|aa)+(?:a|aa)+(?:a|aa)+c?']", data)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("expression", ["'a' matches 'b'", "'a'.split(',')", "{'a'}.![replaceAll('a', 'b')]", "@f.g()"])
def test_expressions_that_may_take_long_say_so(expression):
    assert parse(expression).may_block


def test_other_expressions_do_not():
    assert not parse("vars.matches + 'a'.replace('a', 'b')").may_block
