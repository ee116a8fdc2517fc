"""Whatever a function is given, it answers, or says in the language's words what it wants: never in Python's."""

import inspect
import random
import re

import pytest

from pfnb.exceptions import PelEvaluationError
from pfnb.functions import load
from pfnb.language import evaluate

VALUES = (
    *(
        "null",
        "5",
        "-3",
        "1.5",
        "9" * 30,
        "0.0/0",
        "1.0/0",
        "true",
        "'abc'",
        "''",
        "'ä😀'",
        "'2020-01-01'",
        "'<a>t</a>'",
    ),
    *("{1, 'a', null}", "{}", "{a: 1}", "{:}", "{1: {2}}", "vars.bytes", "vars.surrogate"),
)
FOREIGN = re.compile(r"…\): \w+(Error|Exception): ")
FUNCTIONS = [
    function for function in load().functions() if "context" not in inspect.signature(function.call).parameters
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_hostile_arguments(function):
    chance = random.Random(function.name)
    most = min(len(inspect.signature(function.call).parameters) + 1, 4)
    for _ in range(150):
        given = ", ".join(chance.choice(VALUES) for _ in range(chance.randint(0, most)))
        said = answer(f"@{function.name}({given})")
        assert not FOREIGN.search(said), f"@{function.name}({given})"


def answer(expression):
    """What the error says, if there is one."""
    try:
        evaluate(expression, {"vars": {"bytes": b"\xff", "surrogate": "\ud800"}})
    except PelEvaluationError as error:
        return error.message
    return ""
