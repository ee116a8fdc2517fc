"""When work goes to a thread: small things are quicker done than handed over, large ones would hold up the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from pfnb.hub.request import Limits

T = TypeVar("T")


async def in_thread_if_large(size: int, work: Callable[[], T]) -> T:
    """`size` is what the work grows with, in bytes."""
    return await asyncio.to_thread(work) if size > Limits.memory else work()
