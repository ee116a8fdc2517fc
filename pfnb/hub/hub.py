"""The hub: owns webhooks, events and deliveries, and is where every event takes its one way through.

receive (or send) → store, in one commit with its deliveries → dispatcher → worker → outcome.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from pfnb.exceptions import PayloadTooLargeError, PfnbError, WaitTimeoutError
from pfnb.hub.brokers.broker import Broker
from pfnb.hub.contents import Contents
from pfnb.hub.delivery import FINAL, Delivery, Listener, Outcome
from pfnb.hub.dispatcher import Dispatcher
from pfnb.hub.event import Event, new_correlation_id, new_event_id, new_trace_id
from pfnb.hub.feed import Worker
from pfnb.hub.listeners import Listeners
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.outcomes import Outcomes
from pfnb.hub.payload import event_object, log_entry, needs_body
from pfnb.hub.pulse import Pulse
from pfnb.hub.request import Body, Limits, Received
from pfnb.hub.stores.bodies import discard_body
from pfnb.hub.stores.store import Store
from pfnb.hub.tasks import Tasks
from pfnb.hub.webhook import DEFAULT_MAX_PAYLOAD_LENGTH, check_event_key
from pfnb.hub.webhooks import Webhooks
from pfnb.language.topics import topic_matches

EVENTS_PAGE = 200


@dataclass(frozen=True, slots=True)
class Settings:
    """`bodies` is the folder for bodies too large for memory; `public_url` the hub's address as callers outside know it."""

    bodies: Path
    limits: Limits = field(default_factory=Limits)
    namespace: str = "default"
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the caller of a webhook learns. `answer` is there if somebody listens and the caller waits; then `forget` it."""

    trace_id: str
    correlation_id: str
    created: int
    event_id: str = ""
    answer: asyncio.Future[Outcome | None] | None = None


class Hub:
    def __init__(self, store: Store, broker: Broker, settings: Settings) -> None:
        self.settings = settings
        self.store = store
        self.webhooks = Webhooks(store, settings.limits.hard, now)
        self.listeners = Listeners(store)
        self.contents = Contents(store)
        self.changed = Pulse()
        self.outcomes = Outcomes()
        self.dispatcher = Dispatcher(store, broker, self.outcomes, self.changed.beat)
        self.last_seq = 0
        self.tasks = Tasks()
        self.ready = False
        self._broker = broker
        # Ids are no secrets; asking the operating system for each would cost more than storing the event.
        self._random = Random()  # noqa: S311

    async def open(self) -> None:
        opened = await self.store.open()
        await self._broker.open()
        self.webhooks.load(opened.webhooks)
        self.listeners.load(opened.listeners)
        self.last_seq = opened.last_seq
        self.ready = True

    async def close(self) -> None:
        """Stop serving, write what is queued. What was running is pending for the next hub."""
        self.ready = False
        await self.dispatcher.close()
        await self.tasks.close()
        await self._broker.close()
        await self.store.close()

    async def receive(self, received: Received, *, wait: bool = False) -> Receipt:
        """Store a request that named a webhook and wake its listeners. Returns after the commit.

        A request that names no active webhook takes the same way up to a counter in the place of an event. PayloadTooLargeError
        when the body is over the webhook's limit.
        """
        webhook = self.webhooks.receiving(received.token)
        limit = webhook.max_payload_length if webhook is not None else DEFAULT_MAX_PAYLOAD_LENGTH
        trace_id, correlation_id, created = (
            new_trace_id(received.token, self._random),
            new_correlation_id(self._random),
            now(),
        )
        if received.body.size > limit:
            await discard_body(received.body)
            raise PayloadTooLargeError("the body is larger than this webhook accepts")
        if webhook is None:
            try:
                await self.store.count_unknown()
            finally:
                await discard_body(received.body)
            return Receipt(trace_id, correlation_id, created)
        event = Event(
            id=new_event_id(created, self._random),
            event_key=webhook.event_key,
            namespace=self.settings.namespace,
            trace_id=trace_id,
            correlation_id=correlation_id,
            created=created,
            webhook=webhook.uuid,
            method=received.method,
            query=received.query,
            headers=received.headers,
            content_type=received.content_type,
            size=received.body.size,
            fields=received.fields,
            files=received.files,
            named_by=received.named_by,
            payload_type=webhook.payload_type,
        )
        answer = await self._accept(event, received.body, wait=wait)
        return Receipt(trace_id, correlation_id, created, event.id, answer)

    async def send(self, key: str, payload: Any, correlation_id: str | None = None) -> Event:
        """Store an event of this hub's own and wake its listeners."""
        data = json.dumps(payload).encode()
        created = now()
        event = Event(
            id=new_event_id(created, self._random),
            event_key=check_event_key(key),
            namespace=self.settings.namespace,
            trace_id=new_trace_id(None, self._random),
            correlation_id=correlation_id or new_correlation_id(self._random),
            created=created,
            content_type="application/json",
            size=len(data),
        )
        await self._accept(event, Body(len(data), data, None), wait=False)
        return event

    async def _accept(self, event: Event, body: Body, *, wait: bool) -> asyncio.Future[Outcome | None] | None:
        names = self.listeners.matching(event.event_key)
        answer = self.outcomes.expect(event.id, names) if wait and names else None
        try:
            stored = await self.store.add_event(event, body, names)
        except PfnbError:
            self.outcomes.forget(event.id)
            await discard_body(body)
            raise
        self.last_seq = stored.seq
        self.webhooks.count(event)
        if stored.deliveries:
            await self.dispatcher.publish(event, stored.deliveries, body.data)
        self.changed.beat()
        return answer

    async def register(self, listener: Listener, worker: Worker, *, replace: bool) -> None:
        """The worker serves this pipeline from now on, with what is pending first."""
        await self.listeners.register(listener, replace=replace)
        await self.dispatcher.attach(listener, worker)

    async def unregister(self, name: str) -> Listener:
        listener = await self.listeners.unregister(name)
        await self.dispatcher.forget(name)
        self.changed.beat()
        return listener

    async def event_object(self, event: Event, body: bytes | None = None) -> dict[str, Any]:
        """The event as its listeners see it; `body` spares reading it back."""
        if body is None:
            body = await self.store.body(event.id) if needs_body(event) else b""
        build = partial(event_object, event, payload_type=event.payload_type, body=body)
        return await in_thread_if_large(len(body), build)

    async def log_entries(self, events: Sequence[Event], *, bodies: bool = True) -> list[dict[str, Any]]:
        """Rows of `webhook.receive.logs`, in the order of `events`."""
        deliveries = await self.store.deliveries([event.id for event in events])
        entries = []
        for event in events:
            body = await self.store.body(event.id) if bodies else None
            mine = [self._current(delivery).to_json() for delivery in deliveries[event.id]]
            entries.append(await in_thread_if_large(event.size, partial(log_entry, event, body, mine)))
        return entries

    def _current(self, delivery: Delivery) -> Delivery:
        if delivery.status == "pending" and self.dispatcher.is_running(delivery):
            return replace(delivery, status="running", attempts=delivery.attempts + 1)
        return delivery

    async def next_event(
        self, pattern: str, *, since: int, exclude: Sequence[str], listeners: Sequence[str], seconds: float
    ) -> Event:
        """The oldest event of this key accepted after the order `since` and not excluded, once its deliveries to these
        listeners have ended. WaitTimeoutError when there is none in time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    beat = self.changed.next()
                    event, since = await self._first_event(pattern, since, frozenset(exclude))
                    if event is not None and await self._ended(event, frozenset(listeners)):
                        return event
                    await beat
        except TimeoutError:
            raise WaitTimeoutError(f"no event of {pattern} came and was worked on within {seconds:g} s") from None

    async def _first_event(self, pattern: str, since: int, exclude: frozenset[str]) -> tuple[Event | None, int]:
        """The oldest event that matches, and the order up to which none does: the next look may begin there."""
        while True:
            page = await self.store.events_since(since, EVENTS_PAGE)
            for event in page:
                if event.id not in exclude and topic_matches(pattern, event.event_key):
                    return event, event.seq - 1
                since = event.seq
            if len(page) < EVENTS_PAGE:
                return None, since

    async def _ended(self, event: Event, listeners: frozenset[str]) -> bool:
        deliveries = (await self.store.deliveries([event.id]))[event.id]
        return all(delivery.status in FINAL for delivery in deliveries if delivery.listener in listeners)


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
