"""Expressions for Python code: `evaluate` and `render` with the functions of this process."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from pfnb.language import pel
from pfnb.language.function import registry


def evaluate(expression: str, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
    """The value of one bare expression over a mapping with `vars`, `body` and `headers`, which assignments change.

    `functions` maps names to objects whose public methods are called as `@name.method(…)`; None means all registered ones.
    Raises PelSyntaxError and PelEvaluationError.
    """
    return pel.evaluate(expression, scope, registry if functions is None else functions)


def render(text: str, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
    """Evaluate a text with `#{…}` or `${…}` in it: a text that is one expression yields its value, any other a text."""
    return pel.render(text, scope, registry if functions is None else functions)
