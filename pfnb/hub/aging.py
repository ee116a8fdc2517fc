"""The time by which events age: the clock's, unless the clock is set far ahead."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pfnb.hub.clock import DAY, now, steady
from pfnb.hub.stores.store import Store

log = logging.getLogger("pfnb.hub")
CATCH_UP = 50
"""How many times as fast as real time the aging time follows a clock that is ahead; faster if it is more days ahead than that."""


class Aging:
    """A clock that jumps ahead, while the hub runs or between two runs, makes nothing old at once: the aging time follows slowly,
    which leaves time to set the clock right. It never runs ahead of the clock."""

    def __init__(self, store: Store, wall: Callable[[], int] = now, even: Callable[[], int] = steady) -> None:
        self._store = store
        self._wall = wall
        self._even = even
        self._time: int | None = None
        self._looked = 0
        self._said = False

    async def time(self) -> int:
        """Milliseconds since the epoch, kept in the store for the next hub."""
        wall, even = self._wall(), self._even()
        if self._time is None:
            kept = await self._store.events.aged()
            time = wall if kept is None else kept
        else:
            ahead = wall - self._time
            time = self._time + (1 + max(CATCH_UP, ahead // DAY)) * (even - self._looked)
        self._say(wall - time)
        self._time, self._looked = min(wall, time), even
        await self._store.events.age(self._time)
        return self._time

    def _say(self, ahead: int) -> None:
        if ahead > DAY and not self._said:
            log.warning(
                "the clock is %d days ahead of the last removal of old events: events that are too old now are removed slowly. "
                "Set the clock right if it is wrong",
                ahead // DAY,
            )
        self._said = ahead > DAY
