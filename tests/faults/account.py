"""Counts what became of the events that a house was sent while it had faults."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from sqlite3 import OperationalError

from tests.faults.table import Row
from tests.live.house import House

ENDED = "('succeeded', 'failed', 'dead')"
LOOK_SECONDS = 0.2
PENDING = f"SELECT count(*) FROM deliveries WHERE status NOT IN {ENDED}"


class Account:
    """`noted` says, for each listener, the correlation ids of its runs, in the order in which they took place."""

    def __init__(self, house: House, noted: dict[str, Callable[[], Sequence[str]]]) -> None:
        self.acknowledged: set[str] = set()
        self._house = house
        self._noted = noted
        self._ended: dict[str, dict[str, int]] = {listener: {} for listener in noted}
        """For each delivery that had ended, how many runs its listener had noted afterwards at the earliest."""

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Look again and again which deliveries have ended, until the block ends."""

        async def look() -> None:
            while True:
                with suppress(OperationalError):  # the database cannot be read now
                    await asyncio.to_thread(self._look)
                await asyncio.sleep(LOOK_SECONDS)

        looking = asyncio.create_task(look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    def _look(self) -> None:
        if not self._house.is_alive("hub"):
            return
        # First who has ended, then how far the notes are: what stands behind that was noted by a run after the end.
        ended = self._house.rows(
            "SELECT deliveries.listener, events.correlation_id FROM deliveries JOIN events ON events.seq = deliveries.event_seq "
            f"WHERE deliveries.status IN {ENDED}"
        )
        lengths = {listener: len(noted()) for listener, noted in self._noted.items()}
        for name, correlation_id in ended:
            for listener, known in self._ended.items():
                if listener in name:
                    known.setdefault(correlation_id, lengths[listener])

    async def until_ended(self, seconds: float) -> None:
        """Wait until no delivery is pending. Give up when none has ended for so many seconds: the row shows what is left."""
        left, since = -1, time.monotonic()
        while now_left := (await asyncio.to_thread(self._house.rows, PENDING))[0][0]:
            if now_left != left:
                left, since = now_left, time.monotonic()
            elif time.monotonic() - since > seconds:
                break
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.to_thread(self._look)

    def row(self, fault: str, rounds: int) -> Row:
        stored = self._house.rows("SELECT correlation_id FROM events WHERE webhook IS NOT NULL")
        known = {correlation_id for (correlation_id,) in stored}
        statuses = self._house.rows(
            "SELECT events.correlation_id, deliveries.status FROM deliveries JOIN events ON events.seq = deliveries.event_seq "
            "WHERE events.webhook IS NOT NULL"
        )
        succeeded = Counter(correlation_id for correlation_id, status in statuses if status == "succeeded")
        runs = {listener: list(noted()) for listener, noted in self._noted.items()}
        ran = set.intersection(*(set(noted) for noted in runs.values())) if runs else known
        delivered = {one for one in known & ran if succeeded[one] >= len(runs)}
        again = sum(
            position >= self._ended[listener].get(one, len(noted))
            for listener, noted in runs.items()
            for position, one in enumerate(noted)
        )
        return Row(
            fault,
            rounds,
            events_in=len(self.acknowledged),
            stored=len(stored),
            delivered=len(delivered),
            failed_without_running=sum(status in ("failed", "dead") for _, status in statuses),
            lost=len(self.acknowledged - delivered),
            twice=len(stored) - len(self.acknowledged & known) + again,
        )
