"""Every built-in function says in its docstring what it does, with examples, and they are true."""

import inspect
import json

import pytest

from pfnb.functions import load
from pfnb.language import evaluate
from pfnb.language.port import User
from pfnb.language.roles import EVERYTHING
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

FUNCTIONS = [function for function in load().functions() if function.call.__module__.startswith("pfnb.functions.")]
EXAMPLES = [
    (function, example)
    for function in FUNCTIONS
    for example in function.documentation.examples
    if example.result is not None
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_every_function_tells_what_it_does_and_has_an_example(function):
    assert function.documentation.summary.endswith((".", "!", "?"))
    assert function.documentation.examples


@pytest.mark.parametrize(("function", "example"), EXAMPLES, ids=[function.name for function, _ in EXAMPLES])
async def test_examples_are_true(run, function, example):
    if "context" in inspect.signature(function.call).parameters:
        text = f"pipeline:\n  - body.set: >-\n      #{{{example.code}}}"
        value = (await run(text, user=User("ada", EVERYTHING))).body
    else:
        value = evaluate(example.code, {"vars": {}, "body": None, "headers": {}})
    assert value == json.loads(example.result)
