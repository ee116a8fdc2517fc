"""The state of one evaluation: what names refer to, and its remaining budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any, TypeAlias

from pfnb.exceptions import PelEvaluationError, RunLimitError
from pfnb.language.budget import current
from pfnb.language.pel.limits import (
    FUNCTION_SECONDS,
    ITEM_COST,
    MAX_PRODUCED,
    PATTERN_SECONDS,
    PORTION,
    SCANNED_PER_UNIT,
)
from pfnb.language.pel.run_functions import RunFunctions


class Frame:
    """Created without arguments; `root` and `functions` are set afterwards: an `__init__` would take a quarter of a small
    expression's time.
    """

    root: Any = None
    functions: Mapping[str, Any] | None = None
    variables: dict[str, Any] | None = None
    portion = PORTION
    changed = False
    _left = MAX_PRODUCED
    _seconds = PATTERN_SECONDS
    _function_seconds = FUNCTION_SECONDS

    def produced(self, value: Any) -> Any:
        """Count a text, list or map that the expression made, and return it."""
        if isinstance(value, str):
            self.spend(len(value))
        elif isinstance(value, (list, dict)):
            self.spend(len(value) * ITEM_COST)
        return value

    def spend(self, amount: int) -> None:
        """Count work on that many items or characters, before it is done."""
        self.portion -= amount
        if self.portion < 0:
            self._look()

    def scan(self, text: str, weight: int = 1) -> None:
        """Count a scan of a whole text: at C speed if it is ASCII, else character by character."""
        self.spend(len(text) * weight // (SCANNED_PER_UNIT if text.isascii() else 1))

    def _look(self) -> None:
        """A portion is used up: check whether another is left."""
        used, self.portion = PORTION - self.portion, PORTION
        self._left -= used
        if isinstance(self.functions, RunFunctions):
            if self.functions.on_loop and self.changed:
                raise PelEvaluationError(
                    "this expression changes a map and does too much else: change the map in a separate step"
                )
            self.functions.used(used)
        if self._left < 0:
            raise PelEvaluationError("the expression processes too much data: select less of it first")
        try:
            current().check()
        except RunLimitError as error:
            raise PelEvaluationError(error.message) from None

    def timed(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call something that uses regular expressions, with the evaluation's remaining seconds for these."""
        started = thread_time()
        try:
            return call(*arguments, seconds=max(self._seconds, 0.001))
        finally:
            self._seconds -= thread_time() - started

    def called(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function object, unless earlier calls have used up the time for these."""
        if self._function_seconds < 0:
            raise PelEvaluationError("the functions of this expression take too long: call them for less data")
        started = thread_time()
        try:
            return call(*arguments)
        finally:
            self._function_seconds -= thread_time() - started


Run: TypeAlias = Callable[[Any, Frame], Any]
"""A compiled node. It takes the current value, `#this`: the root, or within `?[…]` and `![…]` the element."""
