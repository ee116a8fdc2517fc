"""Equality and order."""

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate

SCOPE = {"vars": {"gone": None, "rows": [4, 5], "price": 3.0}, "body": {"x": 1}, "headers": {}}


@pytest.mark.parametrize(
    "expression",
    [
        "3 == 3.0",
        "vars.price == 3",
        "'3' != 3",
        "true != 1",
        "vars.gone == null",
        "{4, 5} == vars.rows",
        "{5, 4} != vars.rows",
        "{x: 1} == body",
        "{1} == {1L}",
        "{1} != {1.0}",
        "{true} != {1}",
        "'b'.charAt(0) == 'b'",
        "null < -5",
        "'' > null",
        "null >= null",
        "'Zoe' < 'adam'",
        "'abc' le 'abd'",
        "2 GT 1.5",
        "false < true",
        "4 between {4, 9}",
        "not (3 between {4, 9})",
        "'k' between {'a', 'm'}",
        "2 between {null, 3.5}",
    ],
)
def test_these_hold(expression):
    assert evaluate(expression, SCOPE) is True


@pytest.mark.parametrize("expression", ["1 < 'a'", "true > 0", "{1} < {2}", "body >= 1", "'5' between {1, 9}"])
def test_different_kinds_have_no_order(expression):
    with pytest.raises(PelEvaluationError, match="cannot be compared"):
        evaluate(expression, SCOPE)


@pytest.mark.parametrize("bounds", ["5", "{1}", "{1, 2, 3}", "null"])
def test_between_wants_two_bounds(bounds):
    with pytest.raises(PelEvaluationError, match="list of two"):
        evaluate(f"2 between {bounds}", SCOPE)


def test_comparisons_do_not_chain_and_the_error_says_what_to_write():
    with pytest.raises(PelSyntaxError, match="join two of them with 'and'") as caught:
        evaluate("1 < 2 < 3", SCOPE)
    assert caught.value.column == 7
