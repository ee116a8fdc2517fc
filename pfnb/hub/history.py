"""What happened: the events of an owner and what became of them, listed, watched and read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pfnb.exceptions import NotFoundError, WaitTimeoutError
from pfnb.hub.changes import Changes
from pfnb.hub.delivery import FINAL, Delivery
from pfnb.hub.dispatcher import Dispatcher
from pfnb.hub.event import Event
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.payload import event_object, log_entry, needs_body
from pfnb.hub.query import EventFilter, EventQuery
from pfnb.hub.stores.store import Found, Store
from pfnb.language.topics import topic_matches

PAGE = 200
GATHER_SECONDS = 0.02
"""How long a watcher waits for more once something changed: an event's deliveries mostly end in this time."""


class History:
    """Rows are those of `webhook.receive.logs`; listed ones have no `body`, but the event's order as `seq`, and the `id` of
    each delivery."""

    def __init__(self, store: Store, dispatcher: Dispatcher, changes: Changes) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._changes = changes

    async def page(self, owner: str, asked: EventFilter, before: int | None, limit: int) -> dict[str, Any]:
        """A page, newest first, of events below the order `before`. It may be short, and `next` still says where it goes on.
        `total` comes with the first page, and is None where only reading every event would tell."""
        query = self._query(owner, asked)
        found = await self._store.find_events(query, before, limit)
        total = await self._store.count_events(query) if before is None and not asked.text else None
        return {"events": await self.rows(found.events), "next": found.next, "total": total}

    async def watch(self, owner: str, asked: EventFilter, cursor: int | None, seconds: float) -> dict[str, Any]:
        """Events that are new or changed after `cursor`, as soon as there are any. `lost`: too much did, list again.

        The filter's `status` is not looked at: who shows the failed ones has to learn that one of them is pending again.
        """
        asked = replace(asked, status=None)
        if cursor is None:
            return _seen(self._changes.number)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    beat = self._changes.next()
                    changed = self._changes.after(cursor)
                    if changed is None:
                        return _seen(self._changes.number, lost=True)
                    if not changed:
                        await beat
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
            page = await self._store.find_events(query, page.next, PAGE)
            events.extend(page.events)
        return events

    async def event(self, event_id: str, owner: str) -> Event:
        """NotFoundError when there is none, or it is somebody else's."""
        event = await self._store.event(event_id)
        if event is None or event.owner != owner:
            raise NotFoundError(f"there is no event {event_id}")
        return event

    async def steps(self, delivery: int, owner: str) -> Sequence[dict[str, Any]]:
        """The trace of a delivery's last run; none where it did not run yet."""
        _, event = await self._store.delivery(delivery)
        if event.owner != owner:
            raise NotFoundError(f"there is no delivery {delivery}")
        return await self._store.steps(delivery)

    async def runs(self, listener: str, owner: str, before: int | None, limit: int) -> Sequence[dict[str, Any]]:
        """A listener's deliveries, newest first, below the id `before`."""
        return [
            {
                **self._delivery_row(delivery),
                "eventId": event.id,
                "eventKey": event.event_key,
                "created": event.created,
            }
            for delivery, event in await self._store.runs(listener, owner, before, limit)
        ]

    async def rows(self, events: Sequence[Event]) -> Sequence[dict[str, Any]]:
        deliveries = await self._store.deliveries([event.id for event in events])
        return [
            {**log_entry(event, None, [self._delivery_row(one) for one in deliveries[event.id]]), "seq": event.seq}
            for event in events
        ]

    async def logs(self, events: Sequence[Event]) -> Sequence[dict[str, Any]]:
        """Rows as documented for `webhook.receive.logs`, with bodies, in the order of `events`."""
        deliveries = await self._store.deliveries([event.id for event in events])
        entries = []
        for event in events:
            mine = [self._current(delivery).to_json() for delivery in deliveries[event.id]]
            body = await self._store.body(event.id)
            entries.append(await in_thread_if_large(event.size, partial(log_entry, event, body, mine)))
        return entries

    async def object(self, event: Event, body: bytes | None = None) -> dict[str, Any]:
        """The event as its listeners see it; `body` spares reading it back."""
        if body is None:
            body = await self._store.body(event.id) if needs_body(event) else b""
        build = partial(event_object, event, payload_type=event.payload_type, body=body)
        return await in_thread_if_large(len(body), build)

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
        """The oldest event of this key accepted after the order `since` and not excluded, once its deliveries to these
        listeners have ended. WaitTimeoutError when there is none in time."""
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
            raise WaitTimeoutError(f"no event of {pattern} came and was worked on within {seconds:g} s") from None

    async def _first(self, pattern: str, owner: str, since: int, excluded: frozenset[str]) -> tuple[Event | None, int]:
        """The oldest event that matches, and the order up to which none does: the next look may begin there."""
        while True:
            page = await self._store.events_since(since, PAGE)
            for event in page:
                if event.owner == owner and event.id not in excluded and topic_matches(pattern, event.event_key):
                    return event, event.seq - 1
                since = event.seq
            if len(page) < PAGE:
                return None, since

    async def _ended(self, event: Event, listeners: frozenset[str]) -> bool:
        deliveries = (await self._store.deliveries([event.id]))[event.id]
        return all(delivery.status in FINAL for delivery in deliveries if delivery.listener in listeners)

    def _query(self, owner: str, asked: EventFilter) -> EventQuery:
        return EventQuery(owner, asked, self._dispatcher.running())

    def _delivery_row(self, delivery: Delivery) -> dict[str, Any]:
        return {"id": str(delivery.id), **self._current(delivery).to_json()}

    def _current(self, delivery: Delivery) -> Delivery:
        if delivery.status == "pending" and self._dispatcher.is_running(delivery):
            return replace(delivery, status="running", attempts=delivery.attempts + 1)
        return delivery


def _seen(cursor: int, events: Sequence[dict[str, Any]] = (), *, lost: bool = False) -> dict[str, Any]:
    return {"cursor": cursor, "events": list(events), "lost": lost}
