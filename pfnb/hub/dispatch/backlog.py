"""A backlog: one listener's pending deliveries, in the order they are handed out."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import math
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from pfnb.exceptions import BusyError, PfnbError
from pfnb.hub.clock import steady
from pfnb.hub.dispatch.ready import Newest, ready_of
from pfnb.hub.dispatch.waiting import Fresh, Waiting
from pfnb.hub.event_expressions import LONGEST, value_over
from pfnb.hub.payload import needs_body
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.delivery import Delivery, Listener
from pfnb.hub.records.event import Event
from pfnb.hub.stores.store import Store
from pfnb.language.pel import parse_template

log = logging.getLogger("pfnb.hub")

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

    def __init__(
        self,
        listener: Listener,
        store: Store,
        running: Collection[int],
        superseded: Callable[[Waiting], None],
    ) -> None:
        self._listener = listener
        self._store = store
        self._running = running
        self._superseded = superseded
        self._ready = ready_of(listener, self._pause)
        self._arrived: deque[Waiting] = deque()
        self._fresh = Fresh()
        self._caught_up = False
        self._last = 0
        self._by = listener.debounce.by if listener.debounce is not None else ""
        # Retries are read when there is room for a page of them, or for a whole batch.
        self._page = PAGE + (listener.batch.size if listener.batch is not None else 0)
        self._waits_in_order = listener.strict or listener.debounce is not None
        self._retry_at: float = math.inf if self._waits_in_order else 0
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
        if self._caught_up and fresh is not None and delivery > self._last and self._has_room:
            self._keep(fresh)
            self._last = delivery
        else:
            # An old delivery is pending again: those before it have ended, or are here.
            self._last = min(self._last, delivery - 1)
            self._caught_up = False
        self._woken.set()

    def _keep(self, fresh: Waiting) -> None:
        if self._listener.gathering is not None:
            fresh = replace(fresh, since=steady())
        if self._by:
            self._arrived.append(fresh)
        else:
            self._ready.add([fresh])

    def give_back(self, waiting: Sequence[Waiting]) -> None:
        """These come back from a worker, and are handed out first again."""
        self._ready.put_back(waiting)
        self._woken.set()

    def try_again(self, waiting: Waiting) -> None:
        """This delivery's attempt failed. The store already has the time of its retry."""
        if self._waits_in_order:
            self.give_back([waiting])
        else:
            self._retry_at = min(self._retry_at, waiting.delivery.not_before)
            self._woken.set()

    def drop(self, delivery: int) -> None:
        """The delivery has ended in the store: it no longer waits."""
        self._ready.drop(delivery)
        self._arrived = deque(one for one in self._arrived if one.delivery.id != delivery)
        self._fresh.take(delivery)
        self._dropped.add(delivery)
        self._woken.set()

    async def take(self) -> Waiting:
        """The next delivery that is due."""
        async with self._taking:
            while True:
                if self._listener.debounce is not None:
                    await self._sort()
                if self._retry_at <= steady() and len(self._ready) < self._page:
                    await self._load_retries()
                elif not self._caught_up and self._ready.wants_more:
                    await self._load()
                elif isinstance(found := self._ready.next(), Waiting):
                    return found
                else:
                    await self._wait(min(found, self._retry_at - steady()))

    async def _sort(self) -> None:
        """Put what has arrived where it waits, and end what it supersedes."""
        while self._arrived:
            one = self._arrived[0]
            keyed = await self._keyed(one)
            if self._arrived and self._arrived[0] is one:  # else it was dropped meanwhile
                self._arrived.popleft()
                self._ready.add([keyed])
        if isinstance(self._ready, Newest) and self._ready.superseded:
            await self._end_superseded(self._ready)

    async def _keyed(self, waiting: Waiting) -> Waiting:
        return replace(waiting, key=await self._key(waiting)) if self._by else waiting

    async def _key(self, waiting: Waiting) -> str:
        """What stands for the value of `debounce.by`. An event without such a value waits apart from all others."""
        event, data = waiting.event, waiting.body
        if data is None and event.size <= LONGEST and needs_body(event):
            data = await self._store.events.body(event.id)
        try:
            value = await value_over(parse_template(self._by), event, Body(event.size, data or b"", None))
            return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
        except BusyError:
            raise
        except PfnbError as error:
            log.warning("debounce.by of %s has no value for event %s: %s", self._listener.name, event.id, error)
            return f"delivery {waiting.delivery.id}"

    async def _end_superseded(self, ready: Newest) -> None:
        ended = {key: list(older) for key, older in ready.superseded.items()}
        await asyncio.gather(*(self._end(older, ready.newest(key)) for key, older in ended.items()))
        for key, older in ended.items():
            left = ready.superseded.pop(key)[len(older) :]
            if left:
                ready.superseded[key] = left
            for one in older:
                self._superseded(one)

    async def _end(self, older: Sequence[Waiting], newest: Waiting | None) -> None:
        by = "a later delivery" if newest is None else f"delivery {newest.delivery.id}"
        ids, said = [one.delivery.id for one in older], {"statusMessage": f"superseded by {by} (debounce)"}
        await self._store.deliveries.give_up(ids, said, status="succeeded")

    @property
    def _has_room(self) -> bool:
        return len(self._ready) + len(self._arrived) < MAX_READY

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
        due = [one for one in page if self._waits_in_order or self._pause(one[0]) <= 0]
        await self._add(due, await self._bodies(due), out)
        if page and self._last == begin:
            self._last = page[-1][0].id
        self._caught_up = len(page) < PAGE and not self._woken.is_set()

    async def _load_retries(self) -> None:
        """Failed deliveries that are due for a retry, and the time of the next retry."""
        out = frozenset(self._running)
        self._retry_at = math.inf
        self._dropped.clear()
        limit = self._page + len(self._ready) + len(out)
        try:
            page = await self._store.deliveries.retries(self._listener.name, limit)
            if len(page) == limit and page[0][0].not_before != page[-1][0].not_before:
                last = page[-1][0].not_before  # maybe a part of a batch: the next call reads it whole
                page = [one for one in page if one[0].not_before != last]
                self._retry_at = steady()
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
        await self._add(due, bodies, out)

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

    async def _add(
        self, page: Sequence[tuple[Delivery, Event]], bodies: Mapping[str, bytes], out: Collection[int]
    ) -> None:
        """`out` were running when the page was requested: the page may show them as they were before they ended, and also what
        was dropped since."""
        arrived = {one.delivery.id for one in self._arrived}
        held = self._ready.ids.union(out, self._dropped, arrived)
        now = steady()
        # An event that was received at a later time than now: the clock was set back since.
        waiting = [
            Waiting(delivery, event, bodies.get(event.id), since=min(event.created, now))
            for delivery, event in page
            if delivery.id not in held
        ]
        keyed = [await self._keyed(one) for one in waiting]
        self._ready.add(one for one in keyed if one.delivery.id not in self._dropped)
