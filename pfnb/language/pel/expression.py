"""An expression, parsed once and evaluated many times, and the cache of those already parsed."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.errors import locate
from pfnb.language.pel.evaluator import compile_node
from pfnb.language.pel.frame import Frame
from pfnb.language.pel.limits import CACHE_SIZE, LIGHT, MAX_CACHED
from pfnb.language.pel.parser import Parser
from pfnb.language.pel.run_functions import RunFunctions


class Expression:
    """A parsed expression. `may_block`: evaluation may take long, and belongs in a thread from the start.

    Any other may start on the loop, and restart in a thread: see Parser. `changes`: it may have side effects.
    """

    __slots__ = ("_heavy", "_run", "changes", "may_block", "text")

    def __init__(self, text: str) -> None:
        parser = Parser(text, 0, len(text))
        self.text = text
        self._run = compile_node(parser.parse())
        self._heavy = parser.weight if parser.weight > LIGHT else 0
        self.changes, self.may_block = parser.changes > 0, parser.may_block

    def evaluate(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
        """The value over a scope with `vars`, `body` and `headers`, which assignments change in place.

        `functions` maps names to the objects whose public methods are called as `@name.method(…)`.
        Every error is a PelEvaluationError with line and column in the expression.
        """
        frame = Frame()
        frame.root, frame.functions = scope, functions
        if in_run := functions.__class__ is RunFunctions:
            frame.portion = functions.portion
        try:
            if self._heavy:
                frame.spend(self._heavy)
            value = self._run(scope, frame)
        except PelEvaluationError as error:
            locate(error, self.text)
            raise
        except RecursionError:
            raise too_nested() from None
        if in_run:
            functions.portion = frame.portion  # type: ignore[union-attr]
        return value


def too_nested() -> PelEvaluationError:
    return PelEvaluationError("the data is nested too deeply, or contains itself", line=1, column=1)


def parse(text: str) -> Expression:
    """Parse an expression. Raises PelSyntaxError with line and column, from 1."""
    return _parse(text) if len(text) <= MAX_CACHED else Expression(text)


_parse = lru_cache(maxsize=CACHE_SIZE)(Expression)


def evaluate(expression: str, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
    """The value of one bare expression: see Expression.evaluate. Raises PelSyntaxError and PelEvaluationError."""
    parsed = _parse(expression) if len(expression) <= MAX_CACHED else Expression(expression)
    return parsed.evaluate(scope, functions)
