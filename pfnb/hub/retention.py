"""Retention: events that are old, or too many, go, and the disk has their space again. What is pending stays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pfnb.exceptions import PfnbError
from pfnb.hub.clock import now
from pfnb.hub.stores.store import Store

log = logging.getLogger("pfnb.hub")
FIRST_SECONDS = 60.0
"""Kernels that are there come back to a restarted hub before anything of theirs could be given up."""
SWEEP_SECONDS = 600.0
BATCH = 200
MAX_PENDING = 100_000
"""Deliveries that wait for a listener that is away: older ones are given up."""
EVENT_BYTES = 1_000
"""About what an event takes beside its body."""
DAY = 24 * 60 * 60 * 1000
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Keep:
    """How much is kept: so many days, and so many megabytes. 0 is without end."""

    days: float = 30.0
    megabytes: int = 10_240


class Retention:
    """`away` names the listeners that nobody serves now; `changed` is called after events went or deliveries were given up."""

    def __init__(
        self, store: Store, keep: Keep, away: Callable[[], Iterable[str]], changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._keep = keep
        self._away = away
        self._changed = changed

    async def sweep_again_and_again(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.sweep()
            except PfnbError as error:
                log.warning("old events could not be removed: %s", error)  # the next time, then
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Remove what is too old or too much, then give up what waits too long: it can be replayed until the next sweep."""
        before = now() - round(self._keep.days * DAY) if self._keep.days else None
        removed = await self._remove_old(before) if before is not None else 0
        removed += await self._remove_excess(self._keep.megabytes * MEGABYTE) if self._keep.megabytes else 0
        given_up = [await self._store.give_up(name, before or 0, MAX_PENDING) for name in self._away()]
        if removed or any(given_up):
            log.info("removed %d events, gave up %d deliveries to listeners that are away", removed, sum(given_up))
            self._changed()

    async def _remove_old(self, before: int) -> int:
        removed = 0
        while page := await self._store.removable(before, BATCH):
            removed += await self._store.remove_events([seq for seq, _ in page])
        return removed

    async def _remove_excess(self, most: int) -> int:
        removed = 0
        while (excess := await self._store.size() - most) > 0:
            chosen: list[int] = []
            for seq, size in await self._store.removable(None, BATCH):
                if excess <= 0:
                    break
                chosen.append(seq)
                excess -= size + EVENT_BYTES
            if not chosen:
                break
            removed += await self._store.remove_events(chosen)
        return removed
