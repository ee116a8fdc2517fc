"""Spring's own answers, and the table of those that are meant to differ."""

from __future__ import annotations

import json
import math
import re
from copy import deepcopy
from pathlib import Path

import pytest

from pfnb.exceptions import PelError, PelSyntaxError
from pfnb.language.pel import evaluate, render, to_text

ROOT = Path(__file__).parents[3]
CASES = ROOT.parent / "shared" / "pel" / "cases_dev.jsonl"
TABLE = (ROOT / "docs" / "expressions-differences.md").read_text()
ROW = re.compile(r"\| `(?P<expression>.+?)` \| (?P<spring>.*?) \| (?P<here>.*?) \| (?P<why>.+?) \|")
DIFFERENCES = {row["expression"]: row["here"] for row in ROW.finditer(TABLE)}
PHRASED = {"? 1 : 2", "= 5"}
"""An error in both, that is told here when the expression is read and by Spring when it is evaluated."""


class Echo:
    """The function object of the cases."""

    def id(self, value):
        return value

    def none(self):
        return "none"

    def pair(self, first, second):
        return [first, second]

    def all(self, *values):
        return list(values)

    def str(self, text: str):
        return f"S:{'null' if text is None else text}"

    def inc(self, number: int):
        return number + 1


FUNCTIONS = {"echo": Echo(), "my.echo": Echo()}


def cases():
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"Spring's answers are not here: {CASES}"))]
    rows = map(json.loads, CASES.read_text().splitlines())
    return [pytest.param(row, id=row["id"]) for row in rows if row["expr"] not in DIFFERENCES]


def value_in(row):
    """A value of the cases: JSON has no NaN and no Infinity."""
    if isinstance(row, dict):
        if set(row) == {"$double"}:
            return float(row["$double"].replace("Infinity", "inf"))
        return {key: value_in(each) for key, each in row.items()}
    return [value_in(each) for each in row] if isinstance(row, list) else row


def same(left, right):
    """Equal, and of the same type; the keys of a map as the texts that JSON makes of them."""
    if isinstance(left, dict) and isinstance(right, dict):
        named = {to_text(key): value for key, value in left.items()}
        return named.keys() == right.keys() and all(same(value, right[key]) for key, value in named.items())
    if isinstance(left, (list, tuple)) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float) and math.isnan(right):
        return math.isnan(left)
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("row", cases())
def test_spring_answers_the_same(row):
    scope = {"vars": value_in(row["vars"]), "body": value_in(row["body"]), "headers": value_in(row.get("headers", {}))}
    read = render if row["category"] == "template" else evaluate
    if row["ok"]:
        value = read(row["expr"], scope, FUNCTIONS)
        assert same(value, value_in(row["value"]))
        assert row["str"] in (None, to_text(value))
        for name in ("vars", "body"):
            assert f"{name}_after" not in row or same(scope[name], value_in(row[f"{name}_after"]))
        return
    with pytest.raises(PelError) as caught:
        read(row["expr"], scope, FUNCTIONS)
    if not row.get("internal") and row["expr"] not in PHRASED:
        assert isinstance(caught.value, PelSyntaxError) is (row["phase"] == "parse")


@pytest.mark.parametrize(("expression", "here"), DIFFERENCES.items())
def test_each_row_of_the_table_says_what_happens_here(expression, here):
    scope = {
        "vars": {"mx": 2**31 - 1, "big": 2**53 + 1, "d2": 2.5, "i": 7, "n": None, "größe": 4},
        "body": None,
        "headers": {},
    }
    read = render if expression.startswith("${") else evaluate
    before = deepcopy(scope)
    if here == "an error":
        with pytest.raises(PelError):
            read(expression, scope)
        assert scope == before
        return
    value, _, after = here.partition(", then ")
    assert to_text(read(expression, scope)) == value
    assert not after or to_text(scope["vars"]["mx"]) == after


def test_the_table_has_reasons():
    assert len(DIFFERENCES) > 30
    assert len(DIFFERENCES) == TABLE.count("\n| `")
