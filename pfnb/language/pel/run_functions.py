"""Function objects as the expressions of one run call them: with its context, and able to wait for its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.limits import WAIT_SECONDS


class RunFunctions(Mapping[str, Any]):
    """The functions of a run on `loop`, whose `context` is handed to those that ask for it."""

    def __init__(self, functions: Mapping[str, Any], context: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.context = context
        self._functions = functions
        self._loop = loop

    def wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What the coroutine returns on the run's loop, for an expression that is evaluated in another thread."""
        if _is_running_here(self._loop):
            coroutine.close()
            raise PelEvaluationError("an expression on the run's own loop cannot wait for it")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(WAIT_SECONDS)
        except TimeoutError:
            future.cancel()
            raise PelEvaluationError(f"there was no answer within {WAIT_SECONDS} seconds") from None

    def __getitem__(self, name: str) -> Any:
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)


def _is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
