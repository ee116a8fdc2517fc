"""Runs slow work in threads: an expression must not block the loop that other runs share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, TypeVar, cast

from pfnb.language.budget import current, granted
from pfnb.language.threads import Threads, is_within

T = TypeVar("T")

WORK: Final = Threads("pfnb-work", threads=8, share=4)
"""Threads for expressions and for built-in commands."""
STEPS: Final = Threads("pfnb-step", threads=32, share=16)
"""Threads for a notebook's own commands, which may wait for a long time."""
OWN_STEPS: Final[ContextVar[Threads]] = ContextVar("pfnb_own_steps", default=STEPS)
"""The same for one listener alone, so that its stuck threads do not block other listeners."""
_NESTED: Final = Threads("pfnb-nested", threads=64, share=32)
"""The same for nested calls that these wait for, such as a pipeline that an expression runs."""

SCANS: Final = Threads("pfnb-scan", threads=1, share=1, most=1)
"""Threads that scan files for leaked secrets: that may take minutes, so each user has one scan at a time."""


def has_stuck(seconds: float) -> bool:
    """Whether a call is still running that many seconds after it was interrupted."""
    return any(threads.has_stuck(seconds) for threads in (WORK, STEPS, _NESTED))


def rest() -> None:
    """End idle threads, since this process runs nothing for now."""
    for threads in (WORK, STEPS, _NESTED, SCANS):
        threads.rest()


async def maybe_threaded(in_thread: bool, call: Callable[[], T]) -> T:
    return await threaded(call) if in_thread else call()


async def threaded(call: Callable[[], T], threads: Threads = WORK) -> T:
    """Call in a thread, within the step's time budget and its owner's share of threads. Raises BusyError if too many calls of
    this owner wait. Exceptions are passed as values, since a future cannot carry every one (StopIteration).

    If the waiting task is cancelled, RunStopped is raised within the call.
    """
    budget = current()

    def outcome() -> tuple[T | None, BaseException | None]:
        try:
            with granted(budget), budget.measured():
                return call(), None
        except BaseException as error:
            return None, error

    threads = _NESTED if is_within.get() else threads
    future = threads.submit(budget.owner, outcome)
    try:
        value, error = await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        threads.stop(future)
        raise
    if isinstance(error, StopIteration):
        raise RuntimeError("StopIteration") from error
    if error is not None:
        raise error
    return cast(T, value)
