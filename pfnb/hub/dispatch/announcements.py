"""New deliveries between their commit and the dispatcher.

They wait here for a few milliseconds: what the hub does for listeners right after an answer would take processor time from the
caller, who could tell by the time of the answer whether somebody listens. The wait is of random length, so that the work meets no
certain one of the caller's next requests either.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from pfnb.hub.dispatch.dispatcher import Dispatcher
from pfnb.hub.records.delivery import Delivery
from pfnb.hub.records.event import Event
from pfnb.hub.tasks import Tasks

SHORTEST, LONGEST = 0.002, 0.006
"""Seconds that the first of the waiting deliveries waits; the others go with it."""

_RANDOM = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class _Committed:
    event: Event
    deliveries: Sequence[Delivery]
    body: bytes | None


class Announcements:
    """Keeps the sequence in which deliveries were added."""

    def __init__(self, dispatcher: Dispatcher, tasks: Tasks) -> None:
        self._dispatcher = dispatcher
        self._tasks = tasks
        self._waiting: list[_Committed] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, event: Event, deliveries: Sequence[Delivery], body: bytes | None = None, *, now: bool) -> None:
        """Announce an event's deliveries: `now`, together with all that wait, or after a moment. `body` is the event's body if
        it is in memory."""
        self._waiting.append(_Committed(event, deliveries, body))
        if now:
            self._announce()
        elif self._timer is None:
            pause = _RANDOM.uniform(SHORTEST, LONGEST)
            self._timer = asyncio.get_running_loop().call_later(pause, self._announce)

    def close(self) -> None:
        """What still waits is pending in the store."""
        self._stop()
        self._waiting.clear()

    def _announce(self) -> None:
        self._stop()
        waiting, self._waiting = self._waiting, []
        self._tasks.spawn(self._publish(waiting), "pfnb dispatch")

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _publish(self, waiting: Sequence[_Committed]) -> None:
        for one in waiting:
            await self._dispatcher.publish(one.event, one.deliveries, one.body)
