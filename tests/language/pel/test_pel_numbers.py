"""Number literals and arithmetic: Java's results, without wrapping."""

import math

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate

SCOPE = {"vars": {"net": 19.5, "pieces": 12, "nothing": None}, "body": None, "headers": {}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("17", 17),
        ("0x1F", 31),
        ("0X1fL", 31),
        ("12L", 12),
        ("2.25", 2.25),
        ("4e2", 400.0),
        ("4E-2d", 0.04),
        ("6f", 6.0),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("- 8", -8),
        ("+3", 3),
        ("- -3", 3),
    ],
)
def test_numbers_are_written_as_in_java(expression, value):
    result = evaluate(expression, SCOPE)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("expression", ["0x", "7.5L", "5e", "1_0", "3.4.5", ".5", "9apples"])
def test_misspelt_numbers_are_syntax_errors(expression):
    with pytest.raises(PelSyntaxError):
        evaluate(expression, SCOPE)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("9 / 2", 4),
        ("-9 / 2", -4),
        ("-9 % 2", -1),
        ("9 % -2", 1),
        ("9 / 2.0", 4.5),
        ("9.5 % 2", 1.5),
        ("-3 ^ 2", 9),
        ("3 ^ -1", 0),
        ("3 ^ 2.0", 9.0),
        ("20 - 4 * 3 + 6 / 4", 9),
        ("20 DIV 3 + 20 mod 3", 8),
        ("vars.net * 2 + vars.pieces", 51.0),
        ("4000000000 * 4000000000", 16 * 10**18),
        ("(2 ^ 31) * 2", 2**32),
    ],
)
def test_arithmetic_is_javas_but_does_not_wrap(expression, value):
    result = evaluate(expression, SCOPE)
    assert result == value
    assert type(result) is type(value)


def test_decimals_divide_by_zero_and_whole_numbers_do_not():
    assert evaluate("3.0 / 0", SCOPE) == math.inf
    assert evaluate("-3.0 / 0", SCOPE) == -math.inf
    assert math.isnan(evaluate("0.0 / 0", SCOPE))
    assert math.isnan(evaluate("3.0 % 0", SCOPE))
    assert math.isnan(evaluate("(0 - 8) ^ 0.5", SCOPE))
    assert evaluate("0.0 ^ -1", SCOPE) == math.inf
    for expression in ("3 / 0", "3 % 0", "0 ^ -1"):
        with pytest.raises(PelEvaluationError, match="zero"):
            evaluate(expression, SCOPE)


def test_a_number_too_large_for_a_decimal_becomes_infinity():
    scope = {"vars": {"huge": 10**400}, "body": None, "headers": {}}
    assert evaluate("vars.huge * 1.5", scope) == math.inf
    assert evaluate("vars.huge.doubleValue()", scope) == math.inf
    assert evaluate("1e200 ^ 3", scope) == math.inf


@pytest.mark.parametrize("expression", ["vars.nothing + 1", "true * 2", "{1} + {2}", "2 * 'x'", "-'x'", "+true"])
def test_operators_refuse_what_they_cannot_join(expression):
    with pytest.raises(PelEvaluationError):
        evaluate(expression, SCOPE)


@pytest.mark.parametrize("expression", ["2 ^ 2 ^ 2", "5--3", "5 ** 2"])
def test_powers_and_signs_do_not_chain(expression):
    with pytest.raises(PelSyntaxError):
        evaluate(expression, SCOPE)
