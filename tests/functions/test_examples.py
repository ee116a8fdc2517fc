"""Every built-in function says in its docstring what it does, with examples, and they are true."""

import json
import re

import pytest

from pfnb.functions import load
from pfnb.language import evaluate

FUNCTIONS = [function for function in load().functions() if function.call.__module__.startswith("pfnb.functions.")]
EXAMPLE = re.compile(r"    (?P<expression>.+?)(?:  # => (?P<value>.+))?")


def examples_of(function):
    lines = function.description.partition("\nExample:\n")[2].splitlines()
    return [(found["expression"], found["value"]) for line in lines for found in [EXAMPLE.fullmatch(line)] if found]


EXAMPLES = [(function.name, *example) for function in FUNCTIONS for example in examples_of(function)]


def test_every_function_is_described_with_an_example():
    assert [function.name for function in FUNCTIONS if not function.description.partition("\n")[0]] == []
    assert [function.name for function in FUNCTIONS if not examples_of(function)] == []


@pytest.mark.parametrize(("expression", "value"), [example[1:] for example in EXAMPLES if example[2]])
def test_examples_are_true(expression, value):
    assert evaluate(expression, {"vars": {}, "body": None, "headers": {}}) == json.loads(value)
