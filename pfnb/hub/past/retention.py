"""Retention: removes events that are too old or too many, and frees their disk space. What is pending stays."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pfnb.hub.aging import Aging
from pfnb.hub.clock import DAY
from pfnb.hub.stores.store import Store

log = logging.getLogger("pfnb.hub")
FIRST_SECONDS = 60.0
"""Kernels that still run reconnect to a restarted hub within this time, before anything of theirs is given up."""
SWEEP_SECONDS = 600.0
GROWTH = 0.05
"""The part of the byte limit that may be exceeded before the oldest go, and by which they are then cut below the limit."""
BATCH = 200
GIVEN_UP = 1_000
"""Deliveries given up in one commit: incoming events wait for it."""
MAX_PENDING = 100_000
"""Deliveries that may wait for a listener that is away: older ones are given up."""
EVENT_BYTES = 1_000
"""Approximate bytes of an event besides its body."""
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Keep:
    """How much is kept: days and megabytes. 0 means no limit."""

    days: float = 30.0
    megabytes: int = 10_240


class Retention:
    """`away` names the listeners without a worker; `changed` is called after events were removed or deliveries given up."""

    def __init__(
        self, store: Store, keep: Keep, away: Callable[[], Iterable[str]], changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._keep = keep
        self._away = away
        self._changed = changed
        self._aging = Aging(store)
        self._room = 0.0
        self._full = asyncio.Event()
        self._removed = 0
        """Events removed since the log last reported their number."""

    def grew(self, size: int) -> None:
        """An event with a body of this many bytes was stored."""
        self._room -= size + EVENT_BYTES
        if self._room < 0:
            self._full.set()

    async def sweep(self) -> None:
        """Remove what is too old or too much, then give up what has waited too long: it can be replayed until the next sweep."""
        before = await self._aging.time() - round(self._keep.days * DAY) if self._keep.days else None
        if before is not None:
            self._removed += await self._remove_old(before)
        await self.sweep_excess()
        given_up = sum([await self._give_up(name, before or 0) for name in self._away()])
        if self._removed or given_up:
            log.info("removed %d events, gave up %d deliveries to listeners that are away", self._removed, given_up)
            self._changed()
        self._removed = 0

    async def sweep_when_full(self) -> None:
        """Wait until the limit is exceeded, then remove the oldest."""
        await self._full.wait()
        await self.sweep_excess()

    async def sweep_excess(self) -> None:
        """Remove the oldest events beyond the limit."""
        self._full.clear()
        most = self._keep.megabytes * MEGABYTE
        self._room = most * GROWTH if most else math.inf
        if most and (removed := await self._remove_excess(most)):
            self._removed += removed
            self._changed()

    async def _give_up(self, listener: str, before: int) -> int:
        given_up = 0
        while page := await self._store.deliveries.overdue(listener, before, MAX_PENDING, GIVEN_UP):
            given_up += await self._store.deliveries.give_up(page)
        return given_up

    async def _remove_old(self, before: int) -> int:
        removed = 0
        while page := await self._store.events.removable(before, BATCH):
            removed += await self._store.events.remove([seq for seq, _ in page])
        return removed

    async def _remove_excess(self, most: int) -> int:
        removed, kept = 0, await self._store.events.size()
        if kept <= most:
            self._room += most - kept
            return removed
        while (excess := kept - most * (1 - GROWTH)) > 0:
            chosen: list[int] = []
            for seq, size in await self._store.events.removable(None, BATCH):
                if excess <= 0:
                    break
                chosen.append(seq)
                excess -= size + EVENT_BYTES
            if not chosen:
                break
            removed += await self._store.events.remove(chosen)
            kept = await self._store.events.size()
        return removed
