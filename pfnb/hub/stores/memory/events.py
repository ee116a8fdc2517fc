"""Events and their bodies in memory, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pfnb.exceptions import NotFoundError
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.delivery import Delivery
from pfnb.hub.records.event import Event
from pfnb.hub.records.query import EventQuery
from pfnb.hub.stores.bodies import read_body, read_slice, remove_body
from pfnb.hub.stores.changes import AddEvent
from pfnb.hub.stores.memory.deliveries import MemoryDeliveries
from pfnb.hub.stores.memory.tables import Tables
from pfnb.hub.stores.search import MAX_EVENTS, search
from pfnb.hub.stores.store import REPEAT_MILLISECONDS, Found, Stored


class MemoryEvents:
    def __init__(self, tables: Tables, deliveries: MemoryDeliveries, max_events: int) -> None:
        self._tables = tables
        self._deliveries = deliveries
        self._max_events = max_events
        self._next_look = max_events + 1
        self._aged: int | None = None

    async def add(
        self,
        event: Event,
        body: Body,
        listeners: Sequence[str],
        padding: Sequence[str] = (),  # noqa: ARG002  # nothing is written
    ) -> Stored:
        tables = self._tables
        first = self._first(tables.by_repeat_key, event.repeat_key, event)
        if first is not None:
            return Stored(first.seq, self._failed_again(first, listeners), first.id)
        other = self._first(tables.by_delivery_key, event.delivery_key, event)
        tables.last_seq += 1
        event = replace(event, seq=tables.last_seq, conflict=other.id if other is not None else None)
        if event.repeat_key is not None:
            tables.by_repeat_key[event.repeat_key] = event.id
        if event.delivery_key is not None and other is None:
            tables.by_delivery_key[event.delivery_key] = event.id
        tables.events[event.id] = event
        tables.bodies[event.id] = body
        tables.by_event[event.id] = []
        deliveries = self._deliveries.add_to(event.id, listeners)
        self._count_received(event)
        self._forget_oldest()
        return Stored(event.seq, deliveries)

    def _first(self, ids: dict[str, str], key: str | None, event: Event) -> Event | None:
        """The event that already has this key."""
        first = self._tables.events.get(ids.get(key or "", ""))
        return first if first is not None and first.created > event.created - REPEAT_MILLISECONDS else None

    def _failed_again(self, event: Event, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        """An event's failed or dead deliveries at these listeners, made pending."""
        newest = {one.listener: one for one in self._tables.of_event(event.id)}
        failed = [one for one in newest.values() if one.listener in listeners and one.status in ("failed", "dead")]
        again = tuple(Delivery(one.id, one.event_id, one.listener) for one in failed)
        self._tables.deliveries.update((delivery.id, delivery) for delivery in again)
        return again

    def _count_received(self, event: Event) -> None:
        webhook = self._tables.webhooks.get(event.webhook or "")
        if webhook is not None:
            received = replace(webhook, received=webhook.received + 1, last_received=event.created)
            self._tables.webhooks[webhook.uuid] = received

    def _forget_oldest(self) -> None:
        """Remove the oldest events without pending deliveries. If many are pending, not every new event triggers a search."""
        tables = self._tables
        if len(tables.events) < self._next_look:
            return
        ended = (one for one in tables.events.values() if one.seq < tables.last_seq and not tables.is_pending(one))
        for event in list(islice(ended, len(tables.events) - self._max_events)):
            self._remove(event)
        kept = len(tables.events)
        self._next_look = max(kept, self._max_events) + 1 + (kept // 64 if kept > self._max_events else 0)

    def _remove(self, event: Event) -> None:
        tables = self._tables
        del tables.events[event.id]
        remove_body(tables.bodies.pop(event.id))
        for ids, key in ((tables.by_repeat_key, event.repeat_key), (tables.by_delivery_key, event.delivery_key)):
            if key is not None and ids.get(key) == event.id:
                del ids[key]
        for number in tables.by_event.pop(event.id):
            del tables.deliveries[number]
            tables.steps.pop(number, None)

    async def count_unknown(self, decoy: AddEvent | None = None) -> None:
        pass

    async def get(self, event_id: str) -> Event | None:
        return self._tables.events.get(event_id)

    async def of_webhook(self, webhook: str, limit: int, before: str | None) -> list[Event]:
        events = self._tables.events
        below = events[before].seq if before in events else self._tables.last_seq + 1
        newest_first = (events[event_id] for event_id in reversed(events))
        return list(islice((event for event in newest_first if event.webhook == webhook and event.seq < below), limit))

    async def find(self, query: EventQuery, before: int | None, limit: int) -> Found:
        events = (event for event in self._found(query) if before is None or event.seq < before)
        if query.filter.text:
            pairs = [(event, self._tables.bodies[event.id]) for event in islice(events, MAX_EVENTS)]
            candidates = [(event.seq, body.size, (event, body)) for event, body in pairs]
            return await asyncio.to_thread(search, candidates, query.filter.text, limit)
        page = list(islice(events, limit))
        return Found(page, page[-1].seq if len(page) == limit else None)

    async def count(self, query: EventQuery) -> int:
        return sum(1 for _ in self._found(query))

    def _found(self, query: EventQuery) -> Iterator[Event]:
        events = self._tables.events
        for event_id in reversed(events):
            event = events[event_id]
            if query.admits(event) and self._has_status(event, query):
                yield event

    def _has_status(self, event: Event, query: EventQuery) -> bool:
        wanted = query.filter.status
        if wanted is None:
            return True
        mine = self._tables.of_event(event.id)
        if wanted == "running":
            return any(delivery.id in query.running for delivery in mine)
        return any(delivery.status == wanted and delivery.id not in query.running for delivery in mine)

    async def since(self, seq: int, limit: int) -> list[Event]:
        return list(islice((event for event in self._tables.events.values() if event.seq > seq), limit))

    async def bodies(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        found = ((event_id, self._tables.bodies.get(event_id)) for event_id in event_ids)
        return {event_id: body.data for event_id, body in found if body is not None and body.data is not None}

    async def body(self, event_id: str) -> bytes:
        body = self._body(event_id)
        return body.data if body.data is not None else await asyncio.to_thread(read_body, body)

    async def body_slice(self, event_id: str, offset: int, size: int) -> bytes:
        return await asyncio.to_thread(read_slice, self._body(event_id), offset, size)

    def _body(self, event_id: str) -> Body:
        body = self._tables.bodies.get(event_id)
        if body is None:
            raise NotFoundError(f"there is no event {event_id}")
        return body

    async def aged(self) -> int | None:
        return self._aged

    async def age(self, time: int) -> None:
        self._aged = time

    async def size(self) -> int:
        return sum(body.size for body in self._tables.bodies.values())

    async def removable(self, before: int | None, limit: int) -> list[tuple[int, int]]:
        every = self._tables.events.values()
        old = (one for one in every if (before is None or one.created < before) and not self._tables.is_pending(one))
        return [(one.seq, one.size) for one in islice(old, limit)]

    async def remove(self, seqs: Sequence[int]) -> int:
        wanted = set(seqs)
        every = self._tables.events.values()
        gone = [one for one in every if one.seq in wanted and not self._tables.is_pending(one)]
        for event in gone:
            self._remove(event)
        return len(gone)
