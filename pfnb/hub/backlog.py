"""A backlog: one listener's pending deliveries, in the order in which they are handed out."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pfnb.hub.clock import now
from pfnb.hub.delivery import Delivery, Listener
from pfnb.hub.event import Event
from pfnb.hub.stores.store import Store

PAGE = 100
MAX_READY = 200
SWEEP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that waits for its turn; `body` spares reading a small one back from the store."""

    delivery: Delivery
    event: Event
    body: bytes | None = None

    def after_attempt(self, not_before: int = 0) -> Waiting:
        """The same, one attempt later."""
        delivery = replace(self.delivery, attempts=self.delivery.attempts + 1, not_before=not_before)
        return replace(self, delivery=delivery)


class Backlog:
    """First attempts come in the order of commit. What has to wait before it is tried again lets others pass, unless the
    listener is `strict`. `running` are the deliveries that are out, and still pending in the store.

    New deliveries come in memory as long as the workers keep up, else (and after a restart) from the store, page by page.
    """

    def __init__(self, listener: Listener, store: Store, running: Collection[int]) -> None:
        self._listener = listener
        self._store = store
        self._running = running
        self._ready: deque[Waiting] = deque()
        self._caught_up = False
        self._last = 0
        self._retry_at: float = math.inf if listener.strict else 0
        self._woken = asyncio.Event()
        self._taking = asyncio.Lock()

    def offer(self, delivery: int, fresh: Waiting | None) -> None:
        """Called for each new delivery of this listener; `fresh` spares reading it back from the store."""
        if self._caught_up and fresh is not None and delivery > self._last and len(self._ready) < MAX_READY:
            self._ready.append(fresh)
            self._last = delivery
        else:
            # An old one is pending again: those before it are over, or here.
            self._last = min(self._last, delivery - 1)
            self._caught_up = False
        self._woken.set()

    def give_back(self, waiting: Sequence[Waiting]) -> None:
        """These were taken, and come before all others again."""
        self._ready.extendleft(sorted(waiting, key=lambda one: one.delivery.id, reverse=True))
        self._woken.set()

    def try_again(self, waiting: Waiting) -> None:
        """This one's attempt failed. The store knows already when it is to be tried again."""
        if self._listener.strict:
            self.give_back([waiting])
        else:
            self._retry_at = min(self._retry_at, waiting.delivery.not_before)
            self._woken.set()

    async def take(self) -> Waiting:
        """The next one whose time has come."""
        async with self._taking:
            while True:
                if self._retry_at <= now() and len(self._ready) < PAGE:
                    await self._load_retries()
                elif self._ready:
                    pause = self._ready[0].delivery.not_before - now()
                    if pause <= 0:
                        return self._ready.popleft()
                    await self._wait(pause)
                elif not self._caught_up:
                    await self._load()
                else:
                    await self._wait(self._retry_at - now())

    async def _wait(self, milliseconds: float) -> None:
        sweep = SWEEP_SECONDS * 1000
        try:
            async with asyncio.timeout(min(milliseconds, sweep) / 1000):
                await self._woken.wait()
        except TimeoutError:
            # A wake-up may be lost with its broker: look into the store now and then.
            self._caught_up = self._caught_up and milliseconds <= sweep
        self._woken.clear()

    async def _load(self) -> None:
        self._woken.clear()
        out, begin = frozenset(self._running), self._last
        page = await self._store.pending(self._listener.name, begin, PAGE)
        self._add([one for one in page if self._listener.strict or one[0].not_before <= now()], out)
        if page and self._last == begin:
            self._last = page[-1][0].id
        self._caught_up = len(page) < PAGE and not self._woken.is_set()

    async def _load_retries(self) -> None:
        """Those that failed and whose time has come; and when the next one's comes."""
        out = frozenset(self._running)
        self._retry_at = math.inf
        limit = PAGE + len(self._ready) + len(out)
        page = await self._store.retries(self._listener.name, limit)
        due = [one for one in page if one[0].not_before <= now()]
        if len(due) < len(page):
            self._retry_at = min(self._retry_at, page[len(due)][0].not_before)
        elif len(page) == limit:
            self._retry_at = now()
        self._add(due, out)

    def _add(self, page: Sequence[tuple[Delivery, Event]], out: Collection[int]) -> None:
        """`out` were running when the page was asked for: it may show them as they were before they ended."""
        held = {waiting.delivery.id for waiting in self._ready}.union(out)
        self._ready.extend(Waiting(delivery, event) for delivery, event in page if delivery.id not in held)
