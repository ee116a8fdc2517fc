"""A backlog: one listener's pending deliveries, in the order they are handed out."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from pfnb.hub.clock import steady
from pfnb.hub.dispatch.waiting import Fresh, Waiting
from pfnb.hub.payload import needs_body
from pfnb.hub.records.delivery import Delivery, Listener
from pfnb.hub.records.event import Event
from pfnb.hub.stores.store import Store

PAGE = 100
MAX_READY = 200
PAGE_BYTES = 256 * 1024
"""Bytes of bodies that are read together with a page."""
SWEEP_SECONDS = 30.0


class Backlog:
    """First attempts run in commit order. A delivery that waits for a retry lets others pass, unless the listener is `strict`.
    `running` are the deliveries that are handed out, and still pending in the store.

    New deliveries stay in memory as long as the workers keep up; otherwise, and after a restart, they are read from the
    store page by page.
    """

    def __init__(self, listener: Listener, store: Store, running: Collection[int]) -> None:
        self._listener = listener
        self._store = store
        self._running = running
        self._ready: deque[Waiting] = deque()
        self._fresh = Fresh()
        self._caught_up = False
        self._last = 0
        self._retry_at: float = math.inf if listener.strict else 0
        self._woken = asyncio.Event()
        self._taking = asyncio.Lock()
        self._dropped: set[int] = set()

    def expect(self, fresh: Waiting) -> None:
        """This delivery was committed, and will be announced."""
        if self._caught_up and fresh.delivery.id > self._last and fresh.delivery.id not in self._dropped:
            self._fresh.keep(fresh)

    def announced(self, delivery: int) -> None:
        """Called for each new delivery of this listener, soon after its commit or much later."""
        fresh = self._fresh.take(delivery)
        if self._caught_up and fresh is not None and delivery > self._last and len(self._ready) < MAX_READY:
            self._ready.append(fresh)
            self._last = delivery
        else:
            # An old delivery is pending again: those before it have ended, or are here.
            self._last = min(self._last, delivery - 1)
            self._caught_up = False
        self._woken.set()

    def give_back(self, waiting: Sequence[Waiting]) -> None:
        """These come back from a worker, and are handed out first again."""
        self._ready.extendleft(sorted(waiting, key=lambda one: one.delivery.id, reverse=True))
        self._woken.set()

    def try_again(self, waiting: Waiting) -> None:
        """This delivery's attempt failed. The store already has the time of its retry."""
        if self._listener.strict:
            self.give_back([waiting])
        else:
            self._retry_at = min(self._retry_at, waiting.delivery.not_before)
            self._woken.set()

    def drop(self, delivery: int) -> None:
        """The delivery has ended in the store: it no longer waits."""
        self._ready = deque(one for one in self._ready if one.delivery.id != delivery)
        self._fresh.take(delivery)
        self._dropped.add(delivery)
        self._woken.set()

    async def take(self) -> Waiting:
        """The next delivery that is due."""
        async with self._taking:
            while True:
                if self._retry_at <= steady() and len(self._ready) < PAGE:
                    await self._load_retries()
                elif self._ready:
                    pause = self._pause(self._ready[0].delivery)
                    if pause <= 0:
                        return self._ready.popleft()
                    await self._wait(pause)
                elif not self._caught_up:
                    await self._load()
                else:
                    await self._wait(self._retry_at - steady())

    async def _wait(self, milliseconds: float) -> None:
        sweep = SWEEP_SECONDS * 1000
        try:
            async with asyncio.timeout(min(milliseconds, sweep) / 1000):
                await self._woken.wait()
        except TimeoutError:
            # A wake-up may get lost in the broker: look into the store now and then.
            self._caught_up = self._caught_up and milliseconds <= sweep
        self._woken.clear()

    async def _load(self) -> None:
        self._woken.clear()
        self._dropped.clear()
        self._fresh.clear()  # the page has them, too
        out, begin = frozenset(self._running), self._last
        page = await self._store.deliveries.pending(self._listener.name, begin, PAGE)
        due = [one for one in page if self._listener.strict or self._pause(one[0]) <= 0]
        self._add(due, await self._bodies(due), out)
        if page and self._last == begin:
            self._last = page[-1][0].id
        self._caught_up = len(page) < PAGE and not self._woken.is_set()

    async def _load_retries(self) -> None:
        """Failed deliveries that are due for a retry, and the time of the next retry."""
        out = frozenset(self._running)
        self._retry_at = math.inf
        self._dropped.clear()
        limit = PAGE + len(self._ready) + len(out)
        try:
            page = await self._store.deliveries.retries(self._listener.name, limit)
            due = [one for one in page if self._pause(one[0]) <= 0]
            bodies = await self._bodies(due)
        except BaseException:
            self._retry_at = steady()  # the next call reads it again
            raise
        pauses = [pause for delivery, _ in page if (pause := self._pause(delivery)) > 0]
        if pauses:
            self._retry_at = min(self._retry_at, steady() + pauses[0])
        elif len(page) == limit:
            self._retry_at = steady()
        self._add(due, bodies, out)

    def _pause(self, delivery: Delivery) -> int:
        """Milliseconds until the retry. A wait longer than the listener's longest pause means that the clock was set back since
        an earlier hub stored it: the retry is then due at once."""
        pause = delivery.not_before - steady()
        retry = self._listener.retry
        longest = 0 if retry is None else round(1000 * retry.longest(delivery.attempts))
        return pause if pause <= longest else 0

    async def _bodies(self, page: Sequence[tuple[Delivery, Event]]) -> dict[str, bytes]:
        """The bodies of the first events of a page, up to PAGE_BYTES."""
        wanted, size = [], 0
        for _, event in page:
            size += event.size
            if size > PAGE_BYTES:
                break
            if event.size and needs_body(event):
                wanted.append(event.id)
        return await self._store.events.bodies(wanted) if wanted else {}

    def _add(self, page: Sequence[tuple[Delivery, Event]], bodies: Mapping[str, bytes], out: Collection[int]) -> None:
        """`out` were running when the page was requested: the page may show them as they were before they ended, and also what
        was dropped since."""
        held = {waiting.delivery.id for waiting in self._ready}.union(out, self._dropped)
        self._ready.extend(
            Waiting(delivery, event, bodies.get(event.id)) for delivery, event in page if delivery.id not in held
        )
