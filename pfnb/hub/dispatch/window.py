"""A window: the deliveries of one listener that a worker has, including those ahead of their turn."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pfnb.hub.dispatch.waiting import Waiting

if TYPE_CHECKING:
    from pfnb.hub.dispatch.feed import Worker

PLACE_BYTES = 16 * 1024
"""An event takes one more place for each of this many bytes, so that the deliveries ahead are bounded in memory."""


@dataclass(eq=False, slots=True)
class Held:
    """A delivery, or a batch of them, that a worker has. `begun`: its turn has come, so that it runs there; `began` is when, by
    `time.monotonic`. `reported` exists while its result is being stored, and is set once that has succeeded or failed."""

    waiting: Waiting
    worker: Worker
    window: Window
    lease: str
    begun: bool = False
    began: float = 0.0
    reported: asyncio.Event | None = None
    places: int = 1


class Window:
    """Places for `concurrency` deliveries that run at once, and for `ahead` more whose turn comes as soon as one ends. The
    worker runs them in the sequence in which it gets them, so that the hub knows which have begun."""

    def __init__(self, concurrency: int, ahead: int) -> None:
        self._concurrency = concurrency
        self._ahead = ahead
        self._places = asyncio.Semaphore(concurrency + ahead)
        self._begun: set[Held] = set()
        self._next: deque[Held] = deque()

    async def place(self) -> None:
        """Wait for a place. The next delivery to `enter` takes it, or it is returned with `give_back`."""
        await self._places.acquire()

    def give_back(self) -> None:
        self._places.release()

    async def enter(self, held: Held) -> None:
        """Wait until there is room for a whole delivery that has one place already."""
        for _ in range(min(held.waiting.size // PLACE_BYTES, self._ahead)):
            await self._places.acquire()
            held.places += 1
        if len(self._begun) < self._concurrency:
            self._begin(held)
        else:
            self._next.append(held)

    def leave(self, held: Held) -> Held | None:
        """The delivery has ended, or the worker no longer has it; call once. Returns the delivery whose turn comes now."""
        for _ in range(held.places):
            self._places.release()
        held.places = 0
        if held in self._begun:
            self._begun.remove(held)
        elif held in self._next:
            self._next.remove(held)
        if not self._next or len(self._begun) >= self._concurrency:
            return None
        following = self._next.popleft()
        self._begin(following)
        return following

    def _begin(self, held: Held) -> None:
        held.begun = True
        held.began = time.monotonic()
        self._begun.add(held)
