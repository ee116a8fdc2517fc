"""Deliveries in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from pfnb.exceptions import NotFoundError
from pfnb.hub.records.delivery import FINAL, Delivery, DeliveryStatus
from pfnb.hub.records.event import Event
from pfnb.hub.stores.memory.tables import Tables
from pfnb.hub.stores.store import AWAY


class MemoryDeliveries:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, event_id: str, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        return self.add_to(event_id, listeners, alone=True)

    def add_to(self, event_id: str, listeners: Sequence[str], *, alone: bool = False) -> tuple[Delivery, ...]:
        """The deliveries of an event."""
        tables = self._tables
        if event_id not in tables.events:
            raise NotFoundError(f"there is no event {event_id}")
        deliveries = []
        for name in listeners:
            tables.last_delivery += 1
            deliveries.append(Delivery(tables.last_delivery, event_id, name, alone=alone))
        tables.deliveries.update((delivery.id, delivery) for delivery in deliveries)
        tables.by_event[event_id].extend(delivery.id for delivery in deliveries)
        return tuple(deliveries)

    async def count_attempts(self, deliveries: Collection[int]) -> None:
        for number in deliveries:
            found = self._tables.deliveries[number]
            self._tables.deliveries[number] = replace(found, attempts=found.attempts + 1)

    async def finish(
        self,
        delivery: int,
        status: DeliveryStatus,
        error: dict[str, Any] | None,
        steps: Sequence[dict[str, Any]],
        not_before: int = 0,
        others: Sequence[int] = (),
    ) -> None:
        for number in (delivery, *others):
            found = self._tables.deliveries[number]
            if found.status == "pending":
                self._tables.deliveries[number] = replace(
                    found, status=status, attempts=found.attempts + 1, error=error, not_before=not_before
                )
                self._tables.steps[number] = tuple(steps) if number == delivery else ()

    async def give_up(
        self,
        deliveries: Sequence[int],
        error: Mapping[str, Any] = AWAY,
        *,
        failed: bool = False,
        status: DeliveryStatus = "dead",
    ) -> int:
        every = self._tables.deliveries
        known = (every[number] for number in deliveries if number in every)
        given_up = [one for one in known if one.status == "pending" or (failed and one.status == "failed")]
        for one in given_up:
            every[one.id] = replace(one, status=status, error=dict(error))
        return len(given_up)

    async def get(self, delivery: int) -> tuple[Delivery, Event]:
        found = self._tables.deliveries.get(delivery)
        if found is None:
            raise NotFoundError(f"there is no delivery {delivery}")
        return self._with_event(found)

    async def of_events(self, event_ids: Sequence[str]) -> dict[str, list[Delivery]]:
        return {event_id: list(self._tables.of_event(event_id)) for event_id in event_ids}

    async def steps(self, delivery: int) -> list[dict[str, Any]]:
        return list(self._tables.steps.get(delivery, ()))

    async def pending(self, listener: str, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        waiting = (delivery for delivery in self._pending(listener) if delivery.id > after)
        return [self._with_event(delivery) for delivery in islice(waiting, limit)]

    async def pending_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for delivery in self._tables.deliveries.values():
            if delivery.status not in FINAL:
                counts[delivery.listener] = counts.get(delivery.listener, 0) + 1
        return counts

    async def retries(self, listener: str, limit: int) -> list[tuple[Delivery, Event]]:
        waiting = (delivery for delivery in self._pending(listener) if delivery.not_before)
        earliest = sorted(waiting, key=lambda delivery: delivery.not_before)[:limit]
        return [self._with_event(delivery) for delivery in earliest]

    async def runs(self, listener: str, owner: str, before: int | None, limit: int) -> list[tuple[Delivery, Event]]:
        every = self._tables.deliveries
        newest_first = (every[number] for number in sorted(every, reverse=True))
        runs = (
            self._with_event(delivery)
            for delivery in newest_first
            if delivery.listener == listener and (before is None or delivery.id < before)
        )
        return list(islice((run for run in runs if run[1].owner == owner), limit))

    async def overdue(self, listener: str, before: int, most: int, limit: int) -> list[int]:
        waiting = list(self._pending(listener))
        too_many = {one.id for one in waiting[: max(0, len(waiting) - most)]}
        old = (one.id for one in waiting if one.id in too_many or self._with_event(one)[1].created < before)
        return list(islice(old, limit))

    async def ended_badly(self, listener: str, since: int, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        every = (one for one in self._tables.deliveries.values() if one.listener == listener and one.id > after)
        found = (self._with_event(one) for one in every if one.status in ("failed", "dead"))
        return list(islice((one for one in found if one[1].created >= since), limit))

    async def unsuccessful(self, owner: str, limit: int) -> list[tuple[Delivery, Event]]:
        every = map(self._with_event, self._tables.deliveries.values())
        found = [
            (one, event)
            for one, event in every
            if event.owner == owner
            and (one.status in ("failed", "dead") or (one.status == "pending" and one.not_before))
        ]
        return sorted(found, key=lambda one: (one[1].seq, one[0].id), reverse=True)[:limit]

    def _pending(self, listener: str) -> Iterator[Delivery]:
        every = self._tables.deliveries.values()
        return (delivery for delivery in every if delivery.listener == listener and delivery.status == "pending")

    def _with_event(self, delivery: Delivery) -> tuple[Delivery, Event]:
        return delivery, self._tables.events[delivery.event_id]
