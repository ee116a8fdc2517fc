"""Expressions for Python code: `evaluate` and `render`, with the functions of this process or others."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from pfnb.language import pel

FUNCTIONS = "pfnb.functions"
"""The group of entry points that name registries of functions. So the language need not know where the built-in ones live."""


@cache
def _of_this_process() -> Mapping[str, Any]:
    found: Mapping[str, Any] = entry_points(group=FUNCTIONS)["built-in"].load()
    return found


def evaluate(expression: str, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
    """The value of one bare expression over a mapping with `vars`, `body` and `headers`, which assignments change.

    `functions` maps names to objects whose public methods are called as `@name.method(…)`; None means all registered ones.
    Raises PelSyntaxError and PelEvaluationError.
    """
    return pel.evaluate(expression, scope, _of_this_process() if functions is None else functions)


def render(text: str, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
    """Evaluate a text with `#{…}` or `${…}` in it: a text that is one expression yields its value, any other a text."""
    return pel.render(text, scope, _of_this_process() if functions is None else functions)
