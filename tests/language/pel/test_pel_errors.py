"""Errors say what was wrong, where, and what would be right."""

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate, parse

SCOPE = {"vars": {"count": 3}, "body": None, "headers": {}}


@pytest.mark.parametrize(
    ("expression", "message", "column"),
    [
        ("", "is empty", 1),
        ("1 +", "missing at the end", 4),
        ("* 2", r"missing before '\*'", 1),
        ("(1", r"closing '\)'", 3),
        ("{1, 2", "',' or '}'", 6),
        ("{a: 1, b}", "':' after a key", 9),
        ("vars.count vars", "should end before 'vars'", 12),
        ("1 ; 2", "unexpected character ';'", 3),
        ("1\u00a0+ 1", "write an ordinary space", 2),
        ("a | b", r"write \|\| or 'or'", 3),
        ("#{vars.count}", r"written without #\{…\}", 1),
        ("2 ^ 2 ^ 2", "parentheses", 7),
        ("vars.x = 1 ?: 2", "parentheses", 12),
        ("T(String)", "types", 1),
        ("new Foo()", r"\['new'\]", 1),
        ("vars.?(x)", "a name, a method", 6),
    ],
)
def test_syntax(expression, message, column):
    with pytest.raises(PelSyntaxError, match=message) as caught:
        parse(expression)
    assert (caught.value.line, caught.value.column) == (1, column)


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("1 + vars.cuont", 10),
        ("1 + vars.count.x()", 16),
        ("vars.count + null", 12),
        ("1 + 2 + 3 + null", 11),
        ("true and vars.count", 6),
        ("{1, 2}[5]", 7),
        ("{1, 'ab'}.![#this - 1]", 19),
    ],
)
def test_evaluation_errors_point_at_the_part_that_failed(expression, column):
    with pytest.raises(PelEvaluationError) as caught:
        evaluate(expression, SCOPE)
    assert (caught.value.line, caught.value.column) == (1, column)


def test_lines_are_counted():
    with pytest.raises(PelEvaluationError) as caught:
        evaluate("vars.count +\n  vars.missing", SCOPE)
    assert (caught.value.line, caught.value.column) == (2, 8)
    with pytest.raises(PelSyntaxError) as caught:
        parse("1 +\n\n  ;")
    assert (caught.value.line, caught.value.column) == (3, 3)


def test_each_evaluation_raises_an_error_of_its_own():
    expression = parse("vars.nope")
    errors = []
    for _ in range(2):
        with pytest.raises(PelEvaluationError) as caught:
            expression.evaluate(SCOPE)
        errors.append(caught.value)
    assert errors[0] is not errors[1]
