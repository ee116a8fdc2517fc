"""Conditions: what counts as true, what is evaluated at all, and what binds tighter."""

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate

SCOPE = {"vars": {"on": True, "off": False, "gone": None, "blank": "", "name": "Ada"}, "body": None, "headers": {}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.on and not vars.off", True),
        ("vars.off or vars.on && vars.off", False),
        ("!vars.off == vars.on", True),
        ("not not vars.on", True),
        ("'Yes' and 'on'", True),
        ("'no' || 'OFF' || '0'", False),
        ("TRUE AnD True", True),
        ("vars.off and vars.nowhere.at.all", False),
        ("vars.on or vars.nowhere.at.all", True),
    ],
)
def test_logic(expression, value):
    assert evaluate(expression, SCOPE) is value


@pytest.mark.parametrize("operand", ["null", "0", "1.5", "{}", "{true}", "{:}", "''", "'maybe'"])
def test_nothing_else_is_true_or_false(operand):
    for expression in (f"{operand} and true", f"true and {operand}", f"!{operand}", f"{operand} ? 1 : 2"):
        with pytest.raises(PelEvaluationError, match="neither true nor false"):
            evaluate(expression, SCOPE)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.on ? 'a' : 'b'", "a"),
        ("vars.off ? 'a' : vars.on ? 'b' : 'c'", "b"),
        ("vars.on ? 1 : 1 / 0", 1),
        ("vars.gone ?: 'x'", "x"),
        ("vars.blank ?: vars.gone ?: 'x'", "x"),
        ("' ' ?: 'x'", " "),
        ("0 ?: 5", 0),
        ("{} ?: 5", []),
        ("vars.gone ?: vars.off ? 1 : 2", 2),
        ("vars.gone ?: 1 + 1", 2),
        ("(vars.gone ?: 'No ') + vars.name", "No Ada"),
    ],
)
def test_choices(expression, value):
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize("expression", ["vars.on ? 1", "vars.on ? : 2", "vars.on ? 1 :", "vars.gone ?:", "?: 2", "not"])
def test_an_incomplete_choice_is_a_syntax_error(expression):
    with pytest.raises(PelSyntaxError):
        evaluate(expression, SCOPE)
