"""When work goes to a thread: small work is quicker done than handed over, large work would block the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from pfnb.hub.receiving.request import Limits
from pfnb.language.threads import Threads

T = TypeVar("T")

DECODING: Final = Threads("pfnb-decode", threads=4, share=2)
"""Threads for decoding strangers' compressed bodies, so that the threads for file access do not wait."""


async def in_thread_if_large(size: int, work: Callable[[], T]) -> T:
    """Run the work in a thread if its input, of `size` bytes, is large."""
    return await asyncio.to_thread(work) if size > Limits.memory else work()
