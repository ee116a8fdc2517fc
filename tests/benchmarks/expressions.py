"""Expressions beside the same Python, and how many of Spring's own cases are parsed in a second."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pfnb.exceptions import PelSyntaxError
from pfnb.language import evaluate
from pfnb.language.pel.parser import Parser

CASES = Path(__file__).parents[3] / "shared" / "pel" / "cases_dev.jsonl"
CALLS = 2_000
ROUNDS = 300
SCOPE = {"vars": {"a": 1}, "body": None, "headers": {}}


@dataclass(frozen=True)
class Expressions:
    """Seconds of one call each; `parsed` is None where the cases are not beside the checkout."""

    python: float
    evaluated: float
    parsed: float | None


def measured() -> Expressions:
    """The best of many short rounds, in which both sides take turns: whatever else runs here disturbs some of them."""
    python = evaluated = float("inf")
    for _ in range(ROUNDS):
        python = min(python, _seconds(_in_python, CALLS))
        evaluated = min(evaluated, _seconds(partial(evaluate, "vars.a + 1", SCOPE), CALLS))
    texts = _parsable() if CASES.exists() else []
    parsed = min(_seconds(partial(_parse, texts), 1) for _ in range(ROUNDS // 10)) / len(texts) if texts else None
    return Expressions(python, evaluated, parsed)


def _in_python() -> int:
    return SCOPE["vars"]["a"] + 1


def _parsable() -> list[str]:
    rows = [json.loads(line) for line in CASES.read_text().splitlines()]
    return [row["expr"] for row in rows if row["category"] != "template" and _is_parsable(row["expr"])]


def _is_parsable(text: str) -> bool:
    try:
        Parser(text, 0, len(text)).parse()
    except PelSyntaxError:
        return False
    return True


def _parse(texts: list[str]) -> None:
    for text in texts:
        Parser(text, 0, len(text)).parse()


def _seconds(call: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - started) / times
