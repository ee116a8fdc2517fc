"""Expressions for Python code, in a process that imported nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pfnb.exceptions import PelEvaluationError
from pfnb.language import evaluate, render


class Echo:
    def pair(self, one: object, two: object) -> list[object]:
        return [one, two]


def test_all_functions_of_a_process_are_there_without_another_import() -> None:
    script = """from pfnb.language import evaluate, render
print(evaluate("@text.upperCase(body)", {"body": "a"}), render("n: #{@calc.sum({1, 2})}", {}))"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == "A n: 3\n", ran.stderr


def test_functions_of_the_caller_take_the_place_of_all_others() -> None:
    functions = {"echo": Echo()}
    assert evaluate("@echo.pair(1, vars.n)", {"vars": {"n": 2}}, functions=functions) == [1, 2]
    assert render("#{@echo.pair(1, 2)[1]}!", {}, functions) == "2!"
    with pytest.raises(PelEvaluationError, match="no function object '@text'"):
        evaluate("@text.trim('a')", {}, functions)
