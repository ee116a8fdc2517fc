"""Work that may take long, done in a thread: an expression must not hold the loop that other runs live on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def maybe_threaded(in_thread: bool, call: Callable[[], T]) -> T:
    return await threaded(call) if in_thread else call()


async def threaded(call: Callable[[], T]) -> T:
    """Call in a thread. The exception travels as a value, for a future cannot carry every one (StopIteration)."""

    def outcome() -> tuple[T | None, BaseException | None]:
        try:
            return call(), None
        except BaseException as error:
            return None, error

    value, error = await asyncio.to_thread(outcome)
    if isinstance(error, StopIteration):
        raise RuntimeError("StopIteration") from error
    if error is not None:
        raise error
    return value  # type: ignore[return-value]
