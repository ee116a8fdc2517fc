"""What happened: an owner's events and their outcomes, listed, watched and read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from pfnb.exceptions import NotFoundError, WaitTimeoutError
from pfnb.hub.dispatch.dispatcher import Dispatcher
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.past.changes import Changes
from pfnb.hub.payload import Looked, event_object, is_referred_to, log_entry, needs_body
from pfnb.hub.records.delivery import FINAL, Delivery
from pfnb.hub.records.event import Event
from pfnb.hub.records.query import EventFilter, EventQuery
from pfnb.hub.reference_codes import ReferenceCodes
from pfnb.hub.refusals import Refusals
from pfnb.hub.stores.store import Found, Store
from pfnb.language.topics import topic_matches
from pfnb.rows.delivery import DeliveryRow, RunRow
from pfnb.rows.event import ChangedEvents, EventObject, EventPage, EventRow, ListedEvent
from pfnb.rows.run import StepRow

PAGE = 200
LOG_BYTES = 16 * 1024 * 1024
"""Bytes of bodies that are read for one answer."""
PIECE = 1024 * 1024
"""Bytes of a long body that are in memory at once while it is inspected."""
GATHER_SECONDS = 0.02
"""Seconds a watcher waits for more after a change: most deliveries of an event end in this time."""


class History:
    """Rows are those of `webhook.receive.logs`. Listed rows have no `body`, but the event's `seq`, and the `id` of each
    delivery. A running delivery has the seconds since its start as `runningFor`."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        changes: Changes,
        reference_codes: ReferenceCodes,
        refusals: Refusals,
    ) -> None:
        self._store = store
        self._reference_codes = reference_codes
        self._dispatcher = dispatcher
        self._changes = changes
        self._refusals = refusals

    async def page(self, owner: str, asked: EventFilter, before: int | None, limit: int) -> EventPage:
        """A page of events below the seq `before`, newest first. It may be short, and `next` still says where to continue.
        `total` comes with the first page; it is None where only reading every event could give it."""
        query = self._query(owner, asked)
        counting = self._store.events.count(query) if before is None and not asked.text else _nothing()
        found, total = await asyncio.gather(self._store.events.find(query, before, limit), counting)
        return {"events": await self.rows(found.events), "next": found.next, "total": total}

    async def watch(
        self, owner: str, asked: EventFilter, cursor: int | None, seconds: float, refused: int | None = None
    ) -> ChangedEvents:
        """Events that are new or changed after `cursor`, as soon as there are any. The answer has no events if the number of
        refused requests is no longer `refused`. `lost`: too much changed, list again.

        The filter's `status` is ignored: a view of failed events must learn that one of them is pending again.
        """
        asked = replace(asked, status=None)
        if cursor is None:
            return _seen(self._changes.number)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    changed = self._changes.after(cursor)
                    if changed is None:
                        return _seen(self._changes.number, lost=True)
                    if refused is not None and refused != self._refusals.number(owner, asked):
                        await asyncio.sleep(GATHER_SECONDS)
                        return _seen(cursor)
                    if not changed:
                        await _first_of(self._changes.next(), self._refusals.next())
                        await asyncio.sleep(GATHER_SECONDS)
                        continue
                    page = changed[:PAGE]
                    found = await self._among(owner, asked, tuple(seq for _, seq in page))
                    if found:
                        return _seen(page[-1][0], await self.rows(found))
                    cursor = page[-1][0]
        except TimeoutError:
            return _seen(cursor)

    async def _among(self, owner: str, asked: EventFilter, seqs: tuple[int, ...]) -> Sequence[Event]:
        query = replace(self._query(owner, asked), seqs=seqs)
        page = Found((), max(seqs) + 1)
        events: list[Event] = []
        while page.next is not None:
            page = await self._store.events.find(query, page.next, PAGE)
            events.extend(page.events)
        return events

    async def event(self, event_id: str, owner: str) -> Event:
        """NotFoundError if there is none, or it is somebody else's."""
        event = await self._store.events.get(event_id)
        if event is None or event.owner != owner:
            raise NotFoundError(f"there is no event {event_id}")
        return event

    async def steps(self, delivery: int, owner: str) -> list[StepRow]:
        """The trace of a delivery's last run; empty if it has not run yet."""
        _, event = await self._store.deliveries.get(delivery)
        if event.owner != owner:
            raise NotFoundError(f"there is no delivery {delivery}")
        return cast(list[StepRow], await self._store.deliveries.steps(delivery))

    async def runs(self, listener: str, owner: str, before: int | None, limit: int) -> list[RunRow]:
        """A listener's deliveries, newest first, below the id `before`."""
        found = await self._store.deliveries.runs(listener, owner, before, limit)
        return [self.run_row(delivery, event) for delivery, event in found]

    async def unsuccessful(self, owner: str, limit: int) -> list[RunRow]:
        """Deliveries that run, failed, are dead, or wait for a retry, newest event first."""
        found = [(one.delivery, one.event) for one in self._dispatcher.running_of(owner)]
        out = {delivery.id for delivery, _ in found}
        found += [
            one for one in await self._store.deliveries.unsuccessful(owner, limit + len(out)) if one[0].id not in out
        ]
        found.sort(key=lambda one: (one[1].seq, one[0].id), reverse=True)
        return [self.run_row(delivery, event) for delivery, event in found[:limit]]

    def run_row(self, delivery: Delivery, event: Event) -> RunRow:
        """A delivery, with its event."""
        return {
            **self._delivery_row(delivery),
            "id": str(delivery.id),
            "eventId": event.id,
            "eventKey": event.event_key,
            "created": event.created,
        }

    async def rows(self, events: Sequence[Event]) -> list[ListedEvent]:
        deliveries = await self._store.deliveries.of_events([event.id for event in events])
        return [
            {**log_entry(event, None, [self._delivery_row(one) for one in deliveries[event.id]]), "seq": event.seq}
            for event in events
        ]

    async def logs(self, events: Sequence[Event]) -> list[EventRow]:
        """Rows as documented for `webhook.receive.logs`, with bodies, in the order of `events`. They stop before the bodies
        exceed LOG_BYTES, but there is at least one."""
        taken = list(_within(events, LOG_BYTES))
        deliveries = await self._store.deliveries.of_events([event.id for event in taken])
        entries = []
        for event in taken:
            mine = [self._current(delivery).to_json() for delivery in deliveries[event.id]]
            body = await self._store.events.body(event.id)
            entries.append(await in_thread_if_large(event.size, partial(log_entry, event, body, mine)))
        return entries

    async def object(self, event: Event, body: bytes | None = None) -> EventObject:
        """The event as its listeners see it; `body` saves reading it back."""
        looked = None
        if body is None:
            looked = await self._referred_to(event)
            body = await self._store.events.body(event.id) if needs_body(event) and looked is None else b""
        sign = partial(self._reference_codes.signed, owner=event.owner)
        build = partial(event_object, event, payload_type=event.payload_type, body=body, sign=sign, looked=looked)
        return await in_thread_if_large(event.size if event.fields or event.files else len(body), build)

    async def _referred_to(self, event: Event) -> Looked | None:
        """Inspect a long body piece by piece."""
        if event.size <= PIECE or not needs_body(event) or event.payload_type not in ("raw", "outbound"):
            return None
        looked = Looked()
        for offset in range(0, event.size, PIECE):
            piece = await self._store.events.body_slice(event.id, offset, PIECE)
            await asyncio.to_thread(looked.take, piece)
        return looked if is_referred_to(event, looked) else None

    async def next(
        self,
        pattern: str,
        *,
        owner: str,
        since: int,
        exclude: Sequence[str],
        listeners: Sequence[str],
        seconds: float,
    ) -> Event:
        """The oldest event of this key with a seq above `since` that is not excluded, once its deliveries to these listeners have
        ended. WaitTimeoutError if there is none in time."""
        excluded = frozenset(exclude)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    beat = self._changes.next()
                    event, since = await self._first(pattern, owner, since, excluded)
                    if event is not None and await self._ended(event, frozenset(listeners)):
                        return event
                    await beat
        except TimeoutError:
            raise WaitTimeoutError(f"no event of {pattern} was received and processed within {seconds:g} s") from None

    async def _first(self, pattern: str, owner: str, since: int, excluded: frozenset[str]) -> tuple[Event | None, int]:
        """The oldest event that matches, and the seq up to which none does: the next look may begin there."""
        while True:
            page = await self._store.events.since(since, PAGE)
            for event in page:
                if event.owner == owner and event.id not in excluded and topic_matches(pattern, event.event_key):
                    return event, event.seq - 1
                since = event.seq
            if len(page) < PAGE:
                return None, since

    async def _ended(self, event: Event, listeners: frozenset[str]) -> bool:
        deliveries = (await self._store.deliveries.of_events([event.id]))[event.id]
        return all(delivery.status in FINAL for delivery in deliveries if delivery.listener in listeners)

    def _query(self, owner: str, asked: EventFilter) -> EventQuery:
        return EventQuery(owner, asked, self._dispatcher.running())

    def _delivery_row(self, delivery: Delivery) -> DeliveryRow:
        seconds = self._dispatcher.running_for(delivery) if delivery.status == "pending" else None
        row: DeliveryRow = {"id": str(delivery.id), **self._current(delivery).to_json()}
        if seconds is not None:
            row["runningFor"] = round(seconds, 1)
        return row

    def _current(self, delivery: Delivery) -> Delivery:
        if delivery.status == "pending" and self._dispatcher.running_for(delivery) is not None:
            return replace(delivery, status="running", attempts=delivery.attempts + 1)
        return delivery


async def _nothing() -> int | None:
    return None


async def _first_of(*beats: asyncio.Future[None]) -> None:
    try:
        await asyncio.wait(beats, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for beat in beats:
            beat.cancel()  # the other future may take long


def _seen(cursor: int, events: Sequence[ListedEvent] = (), *, lost: bool = False) -> ChangedEvents:
    return {"cursor": cursor, "events": list(events), "lost": lost}


def _within(events: Iterable[Event], most: int) -> Iterator[Event]:
    """The first events whose bodies together stay within this many bytes; always at least one."""
    size = 0
    for number, event in enumerate(events):
        size += event.size
        if number and size > most:
            return
        yield event
