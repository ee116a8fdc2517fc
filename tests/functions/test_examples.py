"""Every built-in function says in its docstring what it does, with examples, and they are true."""

import json

import pytest

from pfnb.functions import load
from pfnb.language import evaluate

FUNCTIONS = [function for function in load().functions() if function.call.__module__.startswith("pfnb.functions.")]
EXAMPLES = [
    (function.name, example)
    for function in FUNCTIONS
    for example in function.documentation.examples
    if example.result is not None
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_every_function_tells_what_it_does_and_has_an_example(function):
    assert function.documentation.summary.endswith((".", "!", "?"))
    assert function.documentation.examples


@pytest.mark.parametrize(("function", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_examples_are_true(function, example):
    assert evaluate(example.code, {"vars": {}, "body": None, "headers": {}}) == json.loads(example.result)
