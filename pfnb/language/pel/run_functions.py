"""Function objects for the expressions of one run: they get its context and can wait for its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from pfnb.exceptions import PelEvaluationError
from pfnb.language.extent import check_held, held
from pfnb.language.pel.limits import MEASURED_EVERY, PORTION, WAIT_SECONDS

T = TypeVar("T")

LOOK_SECONDS = 0.1
"""Seconds between two checks for an interrupt while a thread waits: C code does not notice one while it waits."""


class NeedsThread(Exception):  # noqa: N818 - not an error
    """An evaluation on the loop takes too long and has changed nothing yet: restart it in a thread."""


class RunFunctions(Mapping[str, Any]):
    """The functions of a run on `loop`; those that ask for it get its `context`.

    It also counts what the run's evaluations use: `portion` is what is left until the next check, and `made` what was made
    since the run's values were last measured. While `on_loop` is true, an evaluation that uses up its portion ends with
    NeedsThread.
    """

    def __init__(self, functions: Mapping[str, Any], context: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.context = context
        self.portion = PORTION
        self.made = 0
        self.on_loop = False
        self._functions = functions
        self._loop = loop

    def used(self, amount: int) -> None:
        """Count what an evaluation has used. Raises NeedsThread."""
        self.made += amount
        if self.on_loop:
            raise NeedsThread
        self.measure()

    def count(self, result: Any) -> None:
        """Count what a command made; large values are estimated, high enough to be measured soon."""
        if isinstance(result, dict | list | str | bytes):
            self.made += held(result, most=MEASURED_EVERY // 64)

    def measured(self, call: Callable[[], T]) -> T:
        """Measure first, then make a call that evaluates expressions; for use in a thread."""
        self.measure()
        return call()

    def measure(self) -> None:
        """If much was made, measure how much of it the run still holds. Raises RunLimitError; call it in a thread."""
        if self.made > MEASURED_EVERY:
            self.made = 0
            check_held(self.context.values())

    def wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the run's loop and return its result, for an expression in another thread. It is cancelled if that
        thread is interrupted."""
        if _is_running_here(self._loop):
            coroutine.close()
            raise PelEvaluationError("an expression on the run's own loop cannot wait for it")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        ended = Lock()
        ended.acquire()
        future.add_done_callback(lambda _: ended.release())
        try:
            until = monotonic() + WAIT_SECONDS
            while (left := until - monotonic()) > 0:
                if ended.acquire(timeout=min(LOOK_SECONDS, left)):
                    return future.result()
        finally:
            future.cancel()  # no effect if it has ended
        raise PelEvaluationError(f"there was no answer within {WAIT_SECONDS} seconds")

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
