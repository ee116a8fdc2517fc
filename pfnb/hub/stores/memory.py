"""The store of a hub that ends with its kernel: the same guarantees, in memory, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from pfnb.exceptions import NotFoundError
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.delivery import FINAL, Delivery, DeliveryStatus, Listener
from pfnb.hub.records.event import Event
from pfnb.hub.records.property import Attachment, Property
from pfnb.hub.records.query import EventQuery
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.bodies import read_body, read_slice, remove_body
from pfnb.hub.stores.search import MAX_EVENTS, search
from pfnb.hub.stores.store import (
    AWAY,
    DELETED,
    NO_LISTENERS,
    REPEAT_MILLISECONDS,
    AddEvent,
    Found,
    ListenerChange,
    Opened,
    PropertyChange,
    Stored,
)


class MemoryStore:
    """Keeps the newest `max_events`, and older ones with pending deliveries; the others are removed."""

    durable = False

    def __init__(self, max_events: int = 10_000) -> None:
        self._max_events = max_events
        self._next_look = max_events + 1
        self._webhooks: dict[str, Webhook] = {}
        self._retired: dict[str, str] = {}
        self._listeners: dict[str, Listener] = {}
        self._events: dict[str, Event] = {}
        self._bodies: dict[str, Body] = {}
        self._deliveries: dict[int, Delivery] = {}
        self._by_event: dict[str, list[int]] = {}
        self._by_repeat_key: dict[str, str] = {}
        self._by_delivery_key: dict[str, str] = {}
        self._steps: dict[int, tuple[dict[str, Any], ...]] = {}
        self._properties: dict[str, Property] = {}
        self._attachments: dict[str, tuple[Attachment, Body]] = {}
        self._identities: dict[tuple[str, str], dict[str, Any]] = {}
        self._refusals: dict[str, dict[str, Any]] = {}
        self._last_seq = 0
        self._last_delivery = 0
        self._aged: int | None = None
        self.unknown = 0

    async def open(self) -> Opened:
        identities = tuple((kind, name, record) for (kind, name), record in self._identities.items())
        return Opened(
            tuple(self._webhooks.values()), tuple(self._listeners.values()), self._last_seq, identities, self._refusals
        )

    async def close(self) -> None:
        pass

    async def add_event(
        self,
        event: Event,
        body: Body,
        listeners: Sequence[str],
        padding: Sequence[str] = (),  # noqa: ARG002  # nothing is written
    ) -> Stored:
        first = self._first(self._by_repeat_key, event.repeat_key, event)
        if first is not None:
            return Stored(first.seq, self._failed_again(first, listeners), first.id)
        other = self._first(self._by_delivery_key, event.delivery_key, event)
        self._last_seq += 1
        event = replace(event, seq=self._last_seq, conflict=other.id if other is not None else None)
        if event.repeat_key is not None:
            self._by_repeat_key[event.repeat_key] = event.id
        if event.delivery_key is not None and other is None:
            self._by_delivery_key[event.delivery_key] = event.id
        self._events[event.id] = event
        self._bodies[event.id] = body
        self._by_event[event.id] = []
        deliveries = await self.add_deliveries(event.id, listeners)
        self._count_received(event)
        self._forget_oldest()
        return Stored(event.seq, deliveries)

    async def add_deliveries(self, event_id: str, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        if event_id not in self._events:
            raise NotFoundError(f"there is no event {event_id}")
        deliveries = []
        for name in listeners:
            self._last_delivery += 1
            deliveries.append(Delivery(self._last_delivery, event_id, name))
        self._deliveries.update((delivery.id, delivery) for delivery in deliveries)
        self._by_event[event_id].extend(delivery.id for delivery in deliveries)
        return tuple(deliveries)

    def _first(self, ids: dict[str, str], key: str | None, event: Event) -> Event | None:
        """The event that already has this key."""
        first = self._events.get(ids.get(key or "", ""))
        return first if first is not None and first.created > event.created - REPEAT_MILLISECONDS else None

    def _failed_again(self, event: Event, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        """An event's failed or dead deliveries at these listeners, made pending."""
        newest = {one.listener: one for one in map(self._deliveries.__getitem__, self._by_event[event.id])}
        failed = [one for one in newest.values() if one.listener in listeners and one.status in ("failed", "dead")]
        again = tuple(Delivery(one.id, one.event_id, one.listener) for one in failed)
        self._deliveries.update((delivery.id, delivery) for delivery in again)
        return again

    def _count_received(self, event: Event) -> None:
        webhook = self._webhooks.get(event.webhook or "")
        if webhook is not None:
            self._webhooks[webhook.uuid] = replace(webhook, received=webhook.received + 1, last_received=event.created)

    def _forget_oldest(self) -> None:
        """Remove the oldest events without pending deliveries. If many are pending, not every new event triggers a search."""
        if len(self._events) < self._next_look:
            return
        ended = (one for one in self._events.values() if one.seq < self._last_seq and not self._is_pending(one))
        for event in list(islice(ended, len(self._events) - self._max_events)):
            self._remove(event)
        kept = len(self._events)
        self._next_look = max(kept, self._max_events) + 1 + (kept // 64 if kept > self._max_events else 0)

    def _is_pending(self, event: Event) -> bool:
        return any(self._deliveries[number].status not in FINAL for number in self._by_event[event.id])

    def _remove(self, event: Event) -> None:
        del self._events[event.id]
        remove_body(self._bodies.pop(event.id))
        for ids, key in ((self._by_repeat_key, event.repeat_key), (self._by_delivery_key, event.delivery_key)):
            if key is not None and ids.get(key) == event.id:
                del ids[key]
        for number in self._by_event.pop(event.id):
            del self._deliveries[number]
            self._steps.pop(number, None)

    async def aged(self) -> int | None:
        return self._aged

    async def age(self, time: int) -> None:
        self._aged = time

    async def is_well(self) -> bool:
        return True

    async def size(self) -> int:
        return sum(body.size for body in self._bodies.values())

    async def removable(self, before: int | None, limit: int) -> list[tuple[int, int]]:
        old = (one for one in self._events.values() if before is None or one.created < before)
        return [(one.seq, one.size) for one in islice((one for one in old if not self._is_pending(one)), limit)]

    async def remove_events(self, seqs: Sequence[int]) -> int:
        wanted = set(seqs)
        gone = [one for one in self._events.values() if one.seq in wanted and not self._is_pending(one)]
        for event in gone:
            self._remove(event)
        return len(gone)

    async def overdue(self, listener: str, before: int, most: int, limit: int) -> list[int]:
        waiting = list(self._pending(listener))
        too_many = {one.id for one in waiting[: max(0, len(waiting) - most)]}
        old = (one.id for one in waiting if one.id in too_many or self._events[one.event_id].created < before)
        return list(islice(old, limit))

    async def give_up(self, deliveries: Sequence[int], error: Mapping[str, Any] = AWAY, *, failed: bool = False) -> int:
        known = (self._deliveries[number] for number in deliveries if number in self._deliveries)
        given_up = [one for one in known if one.status == "pending" or (failed and one.status == "failed")]
        for one in given_up:
            self._deliveries[one.id] = replace(one, status="dead", error=dict(error))
        return len(given_up)

    async def unsuccessful(self, owner: str, limit: int) -> list[tuple[Delivery, Event]]:
        every = ((one, self._events[one.event_id]) for one in self._deliveries.values())
        found = [
            (one, event)
            for one, event in every
            if event.owner == owner
            and (one.status in ("failed", "dead") or (one.status == "pending" and one.not_before))
        ]
        return sorted(found, key=lambda one: (one[1].seq, one[0].id), reverse=True)[:limit]

    async def count_unknown(self, decoy: AddEvent | None = None) -> None:  # noqa: ARG002  # nothing is written
        self.unknown += 1

    async def save_webhooks(self, *webhooks: Webhook) -> None:
        self._webhooks.update((webhook.uuid, webhook) for webhook in webhooks)

    async def save_identities(self, records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> None:
        for kind, name, record in records:
            if record is None:
                self._identities.pop((kind, name), None)
            else:
                self._identities[kind, name] = record

    async def save_refusals(self, records: Mapping[str, dict[str, Any]]) -> None:
        self._refusals.update(records)

    async def change_owner(self, owner: str, to: str) -> None:
        for event in [one for one in self._events.values() if one.owner == owner]:
            self._events[event.id] = replace(event, owner=to)
        for mine in [one for one in self._properties.values() if one.owner == owner]:
            self._properties[mine.uuid] = replace(mine, owner=to)
        for attached, body in [pair for pair in self._attachments.values() if pair[0].owner == owner]:
            self._attachments[attached.id] = (replace(attached, owner=to), body)
        self._retired = {uuid: to if one == owner else one for uuid, one in self._retired.items()}

    async def delete_webhook(self, uuid: str, now: int) -> None:  # noqa: ARG002
        gone = self._webhooks.pop(uuid, None)
        if gone is not None:
            self._retired[uuid] = gone.owner

    async def retired_by(self, uuid: str) -> str | None:
        return self._retired.get(uuid)

    async def change_listeners(self, change: ListenerChange) -> None:
        for name in change.names:
            self._listeners.pop(name, None)
        self._listeners.update((listener.name, listener) for listener in change.saved)
        for one in [one for one in self._deliveries.values() if one.status not in FINAL]:
            if one.listener in change.removed:
                self._deliveries[one.id] = replace(one, status="dead", error={"statusMessage": DELETED})
            elif one.listener in change.renamed:
                self._deliveries[one.id] = replace(one, listener=change.renamed[one.listener])

    async def change_properties(
        self, change: PropertyChange, events: Sequence[AddEvent], listeners: ListenerChange = NO_LISTENERS
    ) -> list[Stored]:
        gone = {one for one, (kept, _) in self._attachments.items() if kept.property in change.removed}
        for attachment_id in {*change.detached, *gone}:
            remove_body(self._attachments.pop(attachment_id)[1])
        for uuid in (*change.removed, *(saved.uuid for saved in change.saved)):
            self._properties.pop(uuid, None)
        self._properties.update((saved.uuid, saved) for saved in change.saved)
        self._attachments.update((attached.id, (attached, body)) for attached, body in change.attached)
        await self.change_listeners(listeners)
        return [await self.add_event(one.event, one.body, one.listeners) for one in events]

    async def property(self, path: str) -> Property | None:
        return next((found for found in self._properties.values() if found.path == path), None)

    async def property_of(self, uuid: str) -> Property | None:
        return self._properties.get(uuid)

    async def properties(self, prefix: str, wanted: Callable[[Property], bool] | None = None) -> list[Property]:
        found = (one for one in self._properties.values() if one.path.startswith(prefix))
        return [one for one in sorted(found, key=lambda one: one.path) if wanted is None or wanted(one)]

    async def expired_properties(self, now: int) -> list[Property]:
        return [one for one in self._properties.values() if one.expires is not None and one.expires <= now]

    async def attachments(self, uuid: str) -> list[Attachment]:
        found = (attachment for attachment, _ in self._attachments.values() if attachment.property == uuid)
        return sorted(found, key=lambda one: one.name)

    async def attachment(self, attachment_id: str) -> Attachment | None:
        found = self._attachments.get(attachment_id)
        return found[0] if found is not None else None

    async def attachment_slice(self, attachment_id: str, offset: int, size: int) -> bytes:
        if attachment_id not in self._attachments:
            raise NotFoundError(f"there is no attachment {attachment_id}")
        return await asyncio.to_thread(read_slice, self._attachments[attachment_id][1], offset, size)

    async def count_attempts(self, deliveries: Collection[int]) -> None:
        for number in deliveries:
            found = self._deliveries[number]
            self._deliveries[number] = replace(found, attempts=found.attempts + 1)

    async def finish_delivery(
        self,
        delivery: int,
        status: DeliveryStatus,
        error: dict[str, Any] | None,
        steps: Sequence[dict[str, Any]],
        not_before: int = 0,
    ) -> None:
        found = self._deliveries[delivery]
        if found.status != "pending":
            return
        self._deliveries[delivery] = replace(
            found, status=status, attempts=found.attempts + 1, error=error, not_before=not_before
        )
        self._steps[delivery] = tuple(steps)

    async def pending(self, listener: str, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        waiting = (delivery for delivery in self._pending(listener) if delivery.id > after)
        return [(delivery, self._events[delivery.event_id]) for delivery in islice(waiting, limit)]

    async def retries(self, listener: str, limit: int) -> list[tuple[Delivery, Event]]:
        waiting = (delivery for delivery in self._pending(listener) if delivery.not_before)
        earliest = sorted(waiting, key=lambda delivery: delivery.not_before)[:limit]
        return [(delivery, self._events[delivery.event_id]) for delivery in earliest]

    def _pending(self, listener: str) -> Iterator[Delivery]:
        every = self._deliveries.values()
        return (delivery for delivery in every if delivery.listener == listener and delivery.status == "pending")

    async def delivery(self, delivery: int) -> tuple[Delivery, Event]:
        found = self._deliveries.get(delivery)
        if found is None:
            raise NotFoundError(f"there is no delivery {delivery}")
        return found, self._events[found.event_id]

    async def steps(self, delivery: int) -> list[dict[str, Any]]:
        return list(self._steps.get(delivery, ()))

    async def runs(self, listener: str, owner: str, before: int | None, limit: int) -> list[tuple[Delivery, Event]]:
        newest_first = (self._deliveries[number] for number in sorted(self._deliveries, reverse=True))
        runs = (
            (delivery, self._events[delivery.event_id])
            for delivery in newest_first
            if delivery.listener == listener and (before is None or delivery.id < before)
        )
        return list(islice((run for run in runs if run[1].owner == owner), limit))

    async def pending_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for delivery in self._deliveries.values():
            if delivery.status not in FINAL:
                counts[delivery.listener] = counts.get(delivery.listener, 0) + 1
        return counts

    async def events(self, webhook: str, limit: int, before: str | None) -> list[Event]:
        below = self._events[before].seq if before in self._events else self._last_seq + 1
        newest_first = (self._events[event_id] for event_id in reversed(self._events))
        return list(islice((event for event in newest_first if event.webhook == webhook and event.seq < below), limit))

    async def find_events(self, query: EventQuery, before: int | None, limit: int) -> Found:
        events = (event for event in self._found(query) if before is None or event.seq < before)
        if query.filter.text:
            pairs = [(event, self._bodies[event.id]) for event in islice(events, MAX_EVENTS)]
            candidates = [(event.seq, body.size, (event, body)) for event, body in pairs]
            return await asyncio.to_thread(search, candidates, query.filter.text, limit)
        page = list(islice(events, limit))
        return Found(page, page[-1].seq if len(page) == limit else None)

    async def count_events(self, query: EventQuery) -> int:
        return sum(1 for _ in self._found(query))

    def _found(self, query: EventQuery) -> Iterator[Event]:
        for event_id in reversed(self._events):
            event = self._events[event_id]
            if query.admits(event) and self._has_status(event, query):
                yield event

    def _has_status(self, event: Event, query: EventQuery) -> bool:
        wanted = query.filter.status
        if wanted is None:
            return True
        mine = [self._deliveries[number] for number in self._by_event[event.id]]
        if wanted == "running":
            return any(delivery.id in query.running for delivery in mine)
        return any(delivery.status == wanted and delivery.id not in query.running for delivery in mine)

    async def events_since(self, seq: int, limit: int) -> list[Event]:
        return list(islice((event for event in self._events.values() if event.seq > seq), limit))

    async def event(self, event_id: str) -> Event | None:
        return self._events.get(event_id)

    async def bodies(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        found = ((event_id, self._bodies.get(event_id)) for event_id in event_ids)
        return {event_id: body.data for event_id, body in found if body is not None and body.data is not None}

    async def body(self, event_id: str) -> bytes:
        body = self._body(event_id)
        return body.data if body.data is not None else await asyncio.to_thread(read_body, body)

    async def body_slice(self, event_id: str, offset: int, size: int) -> bytes:
        return await asyncio.to_thread(read_slice, self._body(event_id), offset, size)

    def _body(self, event_id: str) -> Body:
        body = self._bodies.get(event_id)
        if body is None:
            raise NotFoundError(f"there is no event {event_id}")
        return body

    async def deliveries(self, event_ids: Sequence[str]) -> dict[str, list[Delivery]]:
        return {
            event_id: [self._deliveries[number] for number in self._by_event.get(event_id, ())]
            for event_id in event_ids
        }
