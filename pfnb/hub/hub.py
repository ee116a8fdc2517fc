"""The hub: owns webhooks, events and deliveries, and is where every event takes its one way through.

receive (or send) → store, in one commit with its deliveries → dispatcher → worker → outcome.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from pfnb.exceptions import AccessDeniedError, PayloadTooLargeError, PfnbError
from pfnb.hub.attachments import Attachments
from pfnb.hub.audit import Audit
from pfnb.hub.brokers.broker import Broker
from pfnb.hub.cache import Cache
from pfnb.hub.changes import Changes
from pfnb.hub.clock import now
from pfnb.hub.contents import Contents
from pfnb.hub.delivery import Delivery, Listener, Outcome
from pfnb.hub.dispatcher import Dispatcher
from pfnb.hub.event import Event, new_correlation_id, new_event_id, new_trace_id
from pfnb.hub.feed import Worker
from pfnb.hub.history import History
from pfnb.hub.listeners import Listeners
from pfnb.hub.outcomes import Outcomes
from pfnb.hub.pipelines import StoredPipelines
from pfnb.hub.properties import News, Properties
from pfnb.hub.repeats import repeat_key
from pfnb.hub.request import Body, Limits, Received
from pfnb.hub.retention import Keep, Retention
from pfnb.hub.scans import ScanPlan, Scans
from pfnb.hub.stores.bodies import discard_body
from pfnb.hub.stores.store import AddEvent, PropertyChange, Store, Stored
from pfnb.hub.tasks import Tasks
from pfnb.hub.users import Users
from pfnb.hub.webhook import DEFAULT_MAX_PAYLOAD_LENGTH, check_event_key
from pfnb.hub.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Settings:
    """`bodies` is the folder for bodies too large for memory; `public_url` the hub's address as callers outside know it;
    `owner` whose hub it is; `audit` the folder of the audit log, if there is one."""

    bodies: Path
    limits: Limits = field(default_factory=Limits)
    namespace: str = "default"
    public_url: str | None = None
    keep: Keep = field(default_factory=Keep)
    scan: ScanPlan = field(default_factory=ScanPlan)
    owner: str = ""
    audit: Path | None = None


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
        self.users = Users(store, settings.owner, now)
        self.audit = Audit(settings.audit)
        self.listeners = Listeners(store)
        self.contents = Contents(store, now)
        self.cache = Cache(now)
        self.properties = Properties(store, settings.namespace, now, self._change_properties)
        self.attachments = Attachments(
            store, self.properties, self.contents, now, memory=settings.limits.memory, folder=settings.bodies
        )
        self.changes = Changes()
        self.outcomes = Outcomes()
        self.dispatcher = Dispatcher(store, broker, self.outcomes, self.changes.note)
        self.history = History(store, self.dispatcher, self.changes)
        self.pipelines = StoredPipelines(settings.namespace, self.listeners, self.dispatcher, now)
        self.retention = Retention(store, settings.keep, self._away, self.changes.note_many)
        self.scans = Scans(self.webhooks, settings.scan)
        self.last_seq = 0
        self.started = now()
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
        self.users.load(opened.identities)
        self.pipelines.opened()
        self.last_seq = opened.last_seq
        sweepers: list[Properties | Retention | Scans] = [self.properties, self.retention]
        if self.settings.scan.paths:
            sweepers.append(self.scans)
        self._sweeping = [
            asyncio.create_task(sweeper.sweep_again_and_again(), name="pfnb sweeper") for sweeper in sweepers
        ]
        self.ready = True

    async def close(self) -> None:
        """Stop serving, write what is queued. What was running is pending for the next hub."""
        self.ready = False
        for task in self._sweeping:
            task.cancel()
        await self.dispatcher.close()
        await self.tasks.close()
        await self._broker.close()
        await self.store.close()
        self.audit.close()

    async def receive(self, received: Received, *, wait: bool = False) -> Receipt:
        """Store a request that named a webhook and wake its listeners. Returns after the commit.

        A request that names no active webhook takes the same way up to a counter in the place of an event. PayloadTooLargeError
        when the body is over the webhook's limit.
        """
        webhook = self.webhooks.receiving(received.token)
        limit = webhook.max_payload_length if webhook is not None else DEFAULT_MAX_PAYLOAD_LENGTH
        repeat = await repeat_key(received, self.settings.limits)
        # A repetition is answered with the same ids, also where there is no webhook that could remember them.
        source = self._random if repeat is None else Random(repeat)  # noqa: S311
        trace_id, correlation_id, created = new_trace_id(received.token, source), new_correlation_id(source), now()
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
            owner=webhook.owner,
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
            repeat_key=repeat,
        )
        return await self._accept(event, received.body, wait=wait)

    async def send(self, key: str, payload: Any, *, owner: str, correlation_id: str | None = None) -> Event:
        """Store an event that this owner fires and wake its listeners."""
        event, body = self._own_event(key, payload, owner, correlation_id)
        await self._accept(event, body, wait=False)
        return event

    def _own_event(self, key: str, payload: Any, owner: str, correlation_id: str | None = None) -> tuple[Event, Body]:
        data = json.dumps(payload).encode()
        created = now()
        event = Event(
            id=new_event_id(created, self._random),
            event_key=check_event_key(key),
            namespace=self.settings.namespace,
            trace_id=new_trace_id(None, self._random),
            correlation_id=correlation_id or new_correlation_id(self._random),
            created=created,
            owner=owner,
            content_type="application/json",
            size=len(data),
        )
        return event, Body(len(data), data, None)

    async def _change_properties(self, change: PropertyChange, news: Sequence[News], owner: str) -> None:
        """Store a change of properties with what it means for the pipelines among them, and the events that tell of it."""
        told = [self._own_event(key, payload, owner) for key, payload in news]
        listeners = await self.pipelines.listeners_of(change)
        hearing = [
            name for name in self.listeners.matching(told[0][0].event_key, owner) if name not in listeners.removed
        ]
        events = [AddEvent(event, body, hearing) for event, body in told]
        stored = await self.store.change_properties(change, events, listeners)
        await self.pipelines.changed(listeners)
        for name in (*listeners.removed, *listeners.renamed):
            self.outcomes.give_up(name)
        for added, place in zip(events, stored, strict=True):
            await self._accepted(added.event, added.body, place)

    async def _accept(self, event: Event, body: Body, *, wait: bool) -> Receipt:
        names = self.listeners.matching(event.event_key, event.owner)
        answer = self.outcomes.expect(event.id, names) if wait and names else None
        try:
            stored = await self.store.add_event(event, body, names)
        except PfnbError:
            self.outcomes.forget(event.id)
            await discard_body(body)
            raise
        if stored.repeats is not None:
            return await self._repeated(event, body, stored, stored.repeats, wait=wait)
        await self._accepted(event, body, stored)
        return Receipt(event.trace_id, event.correlation_id, event.created, event.id, answer)

    async def _repeated(self, event: Event, body: Body, stored: Stored, first_id: str, *, wait: bool) -> Receipt:
        """The event was stored before: only what failed of it goes its way again."""
        self.outcomes.forget(event.id)
        await discard_body(body)
        names = tuple(delivery.listener for delivery in stored.deliveries)
        answer = self.outcomes.expect(first_id, names) if wait and names else None
        if names and (first := await self.store.event(first_id)) is not None:
            await self.dispatcher.publish(first, stored.deliveries, None)
            self.changes.note(first.seq)
        return Receipt(event.trace_id, event.correlation_id, event.created, first_id, answer)

    async def _accepted(self, event: Event, body: Body, stored: Stored) -> None:
        self.last_seq = stored.seq
        self.webhooks.count(event)
        if stored.deliveries:
            await self.dispatcher.publish(replace(event, seq=stored.seq), stored.deliveries, body.data)
        self.changes.note(stored.seq)

    async def replay(self, event_id: str, owner: str, listener: str | None = None) -> tuple[Delivery, ...]:
        """Deliver an event once more: to each of its owner's listeners that match now, or to the named one, whether it matches or
        not. Earlier deliveries stay as they are. NotFoundError when there is no such event or listener."""
        event = await self.history.event(event_id, owner)
        names = [listener] if listener is not None else self.listeners.matching(event.event_key, owner)
        mine = [name for name in names if self.listeners.get(name).owner == owner]
        if listener is not None and not mine:
            raise AccessDeniedError(f"the pipeline {listener} belongs to somebody else than {owner}")
        deliveries = await self.store.add_deliveries(event.id, mine)
        await self.dispatcher.publish(event, deliveries, None)
        self.changes.note(event.seq)
        return deliveries

    async def register(self, listener: Listener, worker: Worker, *, replace: bool, resume: bool = False) -> None:
        """The worker serves this pipeline from now on, with what is pending first. See `Listeners.register`."""
        await self.listeners.register(listener, replace=replace, resume=resume)
        await self.dispatcher.attach(listener, worker, replace=replace)

    def _away(self) -> list[str]:
        """Names of the listeners that nobody serves now."""
        return [one.name for one in self.listeners.all() if not self.dispatcher.workers(one.name)]

    async def unregister(self, name: str) -> Listener:
        listener = await self.listeners.unregister(name)
        await self.dispatcher.forget(name)
        self.outcomes.give_up(name)
        self.changes.note_many()
        return listener
