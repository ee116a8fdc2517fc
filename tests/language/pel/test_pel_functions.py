"""`@name.method(…)`: the caller's objects, with arguments converted to their annotations."""

from time import thread_time
from typing import Any

import pytest

from pfnb.exceptions import NotFoundError, PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate, parse, render
from pfnb.language.pel.frame import Frame


class Tools:
    secret = "x"

    def same(self, value: Any) -> Any:
        return value

    def twice(self, number: int) -> int:
        return number * 2

    def half(self, number: float) -> float:
        return number / 2

    def shout(self, text: str, mark: str = "!") -> str:
        return f"{text}{mark}"

    def flag(self, value: bool) -> bool:
        return value

    def total(self, *numbers: int) -> int:
        return sum(numbers)

    def sorted_list(self, values: list[int]) -> list[int]:
        return sorted(values)

    def maybe(self, number: int | None = None) -> str:
        return f"{number!r}"

    def busy(self, seconds: float) -> None:
        ends = thread_time() + seconds
        while thread_time() < ends:
            pass

    def fail(self) -> None:
        raise ValueError("out of order")

    def missing(self) -> None:
        raise NotFoundError("no such thing")

    async def later(self) -> int:
        return 1

    def _hidden(self) -> int:
        return 1


FUNCTIONS = {"tools": Tools(), "my.tools": Tools()}
SCOPE = {"vars": {"n": 4, "list": [2, 1], "gone": None}, "body": None, "headers": {}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@tools.same(vars.list)[0]", 2),
        ("@tools.same({a: 1}).a", 1),
        ("@tools.same(null)?.x", None),
        ("@tools?.twice(vars.n) + 1", 9),
        ("@'my.tools'.twice(1)", 2),
        ("@tools.twice('21')", 42),
        ("@tools.twice(5.9)", 10),
        ("@tools.half('3')", 1.5),
        ("@tools.shout(7)", "7!"),
        ("@tools.shout({1, 2}, '?')", "1,2?"),
        ("@tools.flag('yes')", True),
        ("@tools.total(1, '2', 3.5)", 6),
        ("@tools.sortedList({'3', 1})", [1, 3]),
        ("@tools.sorted_list(vars.list)", [1, 2]),
        ("@tools.maybe(null)", "None"),
        ("@tools.maybe('5')", "5"),
        ("vars.list.![@tools.twice(#this)]", [4, 2]),
        ("not @tools.flag(false)", True),
    ],
)
def test_calling(expression, value):
    assert evaluate(expression, SCOPE, FUNCTIONS) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("@tool.twice(1)", "no function object '@tool': did you mean 'tools'"),
        ("@my.tools.twice(1)", "no function object '@my'"),
        ("@tools.twise(1)", "did you mean 'twice'"),
        ("@tools._hidden()", "has no method '_hidden'"),
        ("@tools.__init__()", "has no method '__init__'"),
        ("@tools.secret", "only methods"),
        ("@tools", "call one of its methods"),
        ("@tools.twice()", "missing a required argument"),
        ("@tools.twice(1, 2)", "too many positional arguments"),
        ("@tools.twice('x')", "argument 'number': this text is not a whole number"),
        ("@tools.twice(null)", "null is not a whole number"),
        ("@tools.twice(true)", "expected a number"),
        ("@tools.sortedList(1)", "expected a list"),
        ("@tools.shout({a: 1})", "expected a text"),
        ("@tools.fail()", "ValueError: out of order"),
        ("@tools.missing()", "no such thing"),
        ("@tools.later()", "asynchronous"),
    ],
)
def test_what_goes_wrong_is_an_evaluation_error(expression, message):
    with pytest.raises(PelEvaluationError, match=message) as caught:
        evaluate(expression, SCOPE, FUNCTIONS)
    assert caught.value.column == 1


def test_many_calls_that_take_long_together_end(monkeypatch):
    monkeypatch.setattr(Frame, "_function_seconds", 0.05)
    evaluate("@tools.same(1)", SCOPE, FUNCTIONS)
    scope = {"vars": {"rows": ["a" * 40 + "b"] * 1000}, "body": None, "headers": {}}
    with pytest.raises(PelEvaluationError, match="the functions of this expression take too long"):
        evaluate("vars.rows.![@tools.busy(0.01)]", scope, FUNCTIONS)


def test_without_functions_there_are_none():
    with pytest.raises(PelEvaluationError, match="no function object '@tools'"):
        evaluate("@tools.twice(1)", SCOPE)


@pytest.mark.parametrize(
    "expression", ["@", "@@tools", "@tools.twice(1", "@tools.twice(,1)", "@tools.twice 1", "@5.x()"]
)
def test_broken_calls_are_syntax_errors(expression):
    with pytest.raises(PelSyntaxError):
        parse(expression)


def test_templates_have_functions_too():
    assert render("n=#{@tools.twice(vars.n)}", SCOPE, FUNCTIONS) == "n=8"
