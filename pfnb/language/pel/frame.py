"""What one evaluation carries along: where names lead, and how much it may still do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any, TypeAlias

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.limits import FUNCTION_SECONDS, ITEM_COST, MAX_PRODUCED, PATTERN_SECONDS


class Frame:
    """Made without arguments and then given its `root` and `functions`: an `__init__` would be a quarter of the time that a
    small expression takes.
    """

    root: Any = None
    functions: Mapping[str, Any] | None = None
    variables: dict[str, Any] | None = None
    _left = MAX_PRODUCED
    _seconds = PATTERN_SECONDS
    _function_seconds = FUNCTION_SECONDS

    def produced(self, value: Any) -> Any:
        """Count a text, list or map that the expression made, and hand it on."""
        if isinstance(value, str):
            self.spend(len(value))
        elif isinstance(value, (list, dict)):
            self.spend(len(value) * ITEM_COST)
        return value

    def spend(self, amount: int) -> None:
        """Count work on so many items or characters."""
        self._left -= amount
        if self._left < 0:
            raise PelEvaluationError("the expression goes through too much data: select less of it first")

    def timed(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call what uses regular expressions with the seconds left of what an evaluation may take for them."""
        started = thread_time()
        try:
            return call(*arguments, seconds=max(self._seconds, 0.001))
        finally:
            self._seconds -= thread_time() - started

    def called(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function object, unless others have taken all the time that there is for them."""
        if self._function_seconds < 0:
            raise PelEvaluationError("the functions of this expression take too long: call them for less data")
        started = thread_time()
        try:
            return call(*arguments)
        finally:
            self._function_seconds -= thread_time() - started


Run: TypeAlias = Callable[[Any, Frame], Any]
"""A compiled node. It takes the value at hand, `#this`: the root, or within `?[…]` and `![…]` the element."""
