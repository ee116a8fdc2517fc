"""The hub: owns webhooks, events and deliveries; every event takes the same path through it.

receive (or send) → store, in one commit with its deliveries → dispatcher → worker → outcome.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pfnb.commands.repeat_by import SENDERS_OWN
from pfnb.exceptions import (
    AccessDeniedError,
    BusyError,
    NotAdmittedError,
    NotFoundError,
    ParameterError,
    PayloadTooLargeError,
    PfnbError,
)
from pfnb.hub import refusals, scans
from pfnb.hub.addresses import Addresses
from pfnb.hub.admission import Admission
from pfnb.hub.brokers.broker import Broker
from pfnb.hub.causation import chain_to
from pfnb.hub.clock import now
from pfnb.hub.dispatch.announcements import Announcements
from pfnb.hub.dispatch.dispatcher import Dispatcher
from pfnb.hub.dispatch.feed import Worker
from pfnb.hub.dispatch.listeners import Listeners
from pfnb.hub.dispatch.outcomes import Outcomes
from pfnb.hub.dispatch.suspects import Suspects
from pfnb.hub.handover import Handover
from pfnb.hub.handshakes import HANDSHAKE, Handshakes, Reply
from pfnb.hub.incoming import event_of
from pfnb.hub.jobs import TICK_SECONDS, Jobs
from pfnb.hub.keeping import properties
from pfnb.hub.keeping.attachments import Attachments
from pfnb.hub.keeping.cache import Cache
from pfnb.hub.keeping.contents import Contents
from pfnb.hub.keeping.credentials import Credentials
from pfnb.hub.keeping.drive import Drive
from pfnb.hub.keeping.properties import News, Properties
from pfnb.hub.keeping.results import Results, gone
from pfnb.hub.keeping.secrets import Secrets
from pfnb.hub.outgoing.endpoints import Endpoints
from pfnb.hub.outgoing.message import Messages
from pfnb.hub.outgoing.sender import Sender
from pfnb.hub.outgoing.sent import Sent
from pfnb.hub.past import retention
from pfnb.hub.past.changes import Changes
from pfnb.hub.past.history import History
from pfnb.hub.past.retention import Retention
from pfnb.hub.people import tokens
from pfnb.hub.people.audit import Audit
from pfnb.hub.people.belongings import Belongings
from pfnb.hub.people.users import Users
from pfnb.hub.pipelines import StoredPipelines
from pfnb.hub.proofs import Proofs
from pfnb.hub.randomness import DerivedBits, SystemBits
from pfnb.hub.receiving.request import Body, Received
from pfnb.hub.records.delivery import FINAL, Delivery, Listener, Outcome, set_aside
from pfnb.hub.records.event import Event, new_correlation_id, new_event_id, new_trace_id
from pfnb.hub.records.webhook import NOBODYS, Webhook
from pfnb.hub.reference_codes import ReferenceCodes
from pfnb.hub.refusals import Refusals
from pfnb.hub.repeats import chosen_key, repeat_key
from pfnb.hub.scans import Scans
from pfnb.hub.settings import Settings
from pfnb.hub.setups import Setups
from pfnb.hub.stores.bodies import discard_body
from pfnb.hub.stores.changes import AddEvent, PropertyChange
from pfnb.hub.stores.store import Opened, Store, Stored
from pfnb.hub.supervision import Supervision
from pfnb.hub.tasks import Tasks
from pfnb.hub.webhooks import Webhooks
from pfnb.hub.workers.workers import Workers
from pfnb.language.extent import check_written, shown
from pfnb.language.sizes import size_in_full
from pfnb.language.topics import check_event_key
from pfnb.rows.delivery import RunRow
from pfnb.rows.event import Receipt as ReceiptRow
from pfnb.rows.result import ResultRow


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a webhook's caller gets. `answer` is set if somebody listens and the caller waits; `forget` it afterwards.
    `owner` owns the event. `webhook` is the one that took the request, where its caller waits. A `reply` is all that the caller
    gets."""

    trace_id: str
    correlation_id: str
    created: int
    event_id: str = ""
    answer: asyncio.Future[Outcome | None] | None = None
    owner: str = ""
    webhook: Webhook | None = None
    reply: Reply | None = None


def receipt_row(receipt: Receipt, status: int = 200) -> ReceiptRow:
    """What the caller is told that does not wait, or has waited for too long."""
    return {
        "status": "running",
        "statusCode": status,
        "correlationId": receipt.correlation_id,
        "traceId": receipt.trace_id,
        "created": receipt.created,
    }


class Hub:
    def __init__(self, store: Store, broker: Broker, settings: Settings) -> None:
        self.settings = settings
        self.store = store
        self.secrets = Secrets(store, settings.secrets_key)
        self.proofs = Proofs(self.secrets)
        self.webhooks = Webhooks(store, settings.limits, now, self.proofs)
        self._nobodys = replace(NOBODYS, max_payload_length=min(settings.limits.webhook, settings.limits.hard))
        self.audit = Audit(settings.audit)
        self.listeners = Listeners(store)
        self.contents = Contents(store, now)
        self.reference_codes = ReferenceCodes(settings.secret)
        self.cache = Cache(now)
        self.credentials = Credentials(self.secrets, now)
        self.drive = Drive(settings.drive or str(settings.bodies.parent / "drive"), settings.limits.hard)
        self.properties = Properties(store, settings.namespace, now, self._change_properties)
        self.attachments = Attachments(
            store, self.properties, self.contents, now, memory=settings.limits.memory, folder=settings.bodies
        )
        self.changes = Changes()
        self.results = Results(now)
        self.outcomes = Outcomes(self.results.settle)
        self.suspects = Suspects()
        self.dispatcher = Dispatcher(store, broker, self.outcomes, self.changes.note)
        self.refusals = Refusals(store, self.webhooks, now)
        self.tasks = Tasks()
        self.handshakes = Handshakes(settings, self.webhooks, self.proofs, self.refusals, self.tasks)
        self.admission = Admission(self.proofs, self.handshakes, now)
        self.history = History(store, self.dispatcher, self.changes, self.reference_codes, self.refusals)
        self.endpoints = Endpoints(store, self.secrets, self.listeners, self.dispatcher, self._tell)
        self.pipelines = StoredPipelines(settings.namespace, self.listeners, self.dispatcher, now)
        self.jobs = Jobs(self.listeners, store, self.pipelines.schedule_of, self._is_stopped, self._start_job, now)
        self.workers = Workers(self.pipelines)
        self.retention = Retention(store, settings.keep, self._away, self.changes.note_many)
        self.scans = Scans(self.webhooks, settings.scan)
        self.users = Users(store, settings.owner, now, self._belongings())
        self.setups = Setups(
            settings.namespace,
            settings.owner,
            self.properties,
            self.users,
            run=self.workers.callers.run,
            listens=lambda path: self.listeners.find(path) is not None,
            fire=self._fire,
        )
        self.handover = Handover(self.dispatcher, self.history, self.suspects, self.users)
        self.addresses: Addresses | None = None
        """Current and former addresses of webhooks; None where they are not kept."""
        self.last_seq = 0
        self.started = now()
        self.announcements = Announcements(self.dispatcher, self.tasks)
        self.sender = Sender(self.endpoints, Messages(store, self.history), self.dispatcher, store, self.tasks)
        self.sent = Sent(store, self.history, self._deliver_again)
        self._sweeping: list[asyncio.Task[None]] = []
        self.ready = False
        self._broker = broker
        self._random = SystemBits()

    def moved(self, owner: str) -> str | None:
        """What this owner has to know if webhooks had another address before."""
        return None if self.addresses is None else self.addresses.moved(self.webhooks.list(owner), now())

    def _belongings(self) -> Belongings:
        return Belongings(
            self.store,
            self.webhooks,
            self.endpoints,
            self.listeners,
            self.properties,
            self.secrets,
            self.contents,
            self.cache,
            self.drive,
            self.results,
            self.unregister,
            self.changes.note_many,
        )

    async def open(self) -> None:
        """If anything fails, everything is closed again."""
        opened = await self.store.open()
        try:
            await self._begin(opened)
        except BaseException:
            await self._broker.close()
            await self.store.close()
            self.audit.close()
            raise

    async def _begin(self, opened: Opened) -> None:
        await self._broker.open()
        self.webhooks.load(opened.webhooks)
        self.secrets.load(opened.secrets)
        await self.proofs.load(opened.webhooks)
        self.refusals.load(opened.refusals)
        self.listeners.load(opened.listeners)
        self.endpoints.load(opened.endpoints)
        self.users.load(opened.identities)
        self.pipelines.opened()
        self.last_seq = opened.last_seq
        self._begin_sweeping()
        await self.endpoints.serve(self.sender)
        self.ready = True

    def _begin_sweeping(self) -> None:
        tidy, old, save, used = (
            properties.SWEEP_SECONDS,
            retention.SWEEP_SECONDS,
            refusals.SAVE_SECONDS,
            tokens.SWEEP_SECONDS,
        )
        self._sweep("expired properties could not be deleted", self.properties.sweep, tidy, tidy)
        self._sweep("old events could not be removed", self.retention.sweep, retention.FIRST_SECONDS, old)
        self._sweep("the oldest events could not be removed", self.retention.sweep_when_full, 0.0, 0.0)
        self._sweep("refused requests could not be stored", self.refusals.save, save, save)
        self._sweep("the last use of API tokens could not be stored", self.users.tokens.sweep, used, used)
        self._sweep("the jobs could not be started", self.jobs.tick, 0.0, TICK_SECONDS)
        plan = self.settings.scan
        if plan.paths:
            self._sweep("the scan for leaked webhooks failed", self.scans.scan, scans.FIRST_SECONDS, plan.hours * 3600)

    def _sweep(self, failed: str, sweep: Callable[[], Awaitable[object]], first: float, every: float) -> None:
        sweeping = Supervision(failed).again_and_again(sweep, first=first, every=every)
        self._sweeping.append(asyncio.create_task(sweeping, name="pfnb sweeper"))

    def trouble(self, listener: Listener) -> str | None:
        """Why this listener's events wait although a worker serves it; None if all is well."""
        trouble = self.dispatcher.trouble(listener.name)
        if trouble is not None:
            return f"events for {listener.name} cannot be delivered: {trouble}"
        return self.pipelines.trouble if listener.is_stored else None

    async def close(self) -> None:
        """Stop serving and write what is queued. Running deliveries are pending for the next hub."""
        self.ready = False
        for task in self._sweeping:
            task.cancel()
        await asyncio.gather(*self._sweeping, return_exceptions=True)
        self.announcements.close()
        await self.dispatcher.close()
        await self.tasks.close()
        await self.users.tokens.sweep()
        await self.refusals.save()
        await self._broker.close()
        await self.store.close()
        self.audit.close()

    async def receive(
        self, received: Received, *, wait: bool = False, admitted: Callable[[], None] | None = None
    ) -> Receipt:
        """Store a request that named a webhook and wake its listeners. Returns after the commit. `admitted` is called before it
        is stored, if its webhook takes it; what it raises refuses the request.

        A request that names no active webhook, or that its webhook does not admit, takes the same path, but stores a decoy
        instead of an event. Work that only one of the two needs is done after the answer. PayloadTooLargeError when the body
        exceeds the webhook's limit, RateLimitError when the webhook was called too often.
        """
        received = replace(received, name=self.webhooks.named(received.names))
        taker = await self._admitted(received)
        if isinstance(taker, Reply):
            return Receipt("", "", 0, reply=taker)
        webhook = taker if isinstance(taker, Webhook) else self._nobodys
        repeat = await repeat_key(received, self.settings.limits)
        # A repetition gets the same ids, even where there is no webhook that could remember them. So these depend on what the
        # sender calls the delivery, and not on the webhook's `repeatBy`.
        source = self._random if repeat is None else DerivedBits(self.settings.secret, f"ids of {repeat}")
        trace_id = new_trace_id(received.first_uuid, source)
        correlation_id, created = new_correlation_id(source), now()
        if received.body.size > webhook.max_payload_length:
            await discard_body(received.body)
            raise PayloadTooLargeError(
                f"The body has {received.body.size:,} bytes: this webhook accepts at most "
                f"{size_in_full(webhook.max_payload_length)}. Its owner can raise that with `webhook.put`, by "
                "maxPayloadLength.",
                limit=webhook.max_payload_length,
            )
        event = event_of(
            self.proofs.without(webhook.uuid, received),
            webhook,
            self.settings.namespace,
            created,
            event_id=new_event_id(created, self._random),
            trace_id=trace_id,
            correlation_id=correlation_id,
            repeat_key=repeat,
        )
        if isinstance(taker, NotAdmittedError):
            return await self._pretend(event, received, taker)
        try:
            await self._pass(webhook, event, received.body)
            if admitted is not None:
                admitted()
        except NotAdmittedError as refused:
            return await self._pretend(_of_nobody(event, self._nobodys), received, refused)
        except BaseException:
            await discard_body(received.body)
            raise
        if webhook.repeat_by != SENDERS_OWN:
            event = await self._repeatable(event, received.body, webhook.repeat_by)
        receipt = await self._accept(event, received.body, wait=wait)
        return replace(receipt, webhook=webhook) if wait else receipt

    def receipt(self, received: Received) -> Receipt:
        """The answer to a request that stores nothing, whatever it names."""
        trace_id = new_trace_id(received.first_uuid, self._random)
        return Receipt(trace_id, new_correlation_id(self._random), now())

    async def _pass(self, webhook: Webhook, event: Event, body: Body) -> None:
        """NotAdmittedError if the webhook's filter refuses the event, RateLimitError if it is one too many. A filter that fails
        lets it pass: a mistake in it must not lose events."""
        try:
            await self.admission.filter(webhook, event, body)
        except (NotAdmittedError, BusyError):
            raise
        except PfnbError as error:
            _soon(self.refusals.remark, webhook.uuid, "filter", f"{shown(webhook.filter)}: {error.message}")
        self.admission.count(webhook)

    async def _repeatable(self, event: Event, body: Body, repeat_by: str) -> Event:
        """The event with the key that its webhook's `repeatBy` gives it; without one, and its owner knows why, if that has no
        value."""
        try:
            return replace(event, repeat_key=await chosen_key(repeat_by, event, body))
        except ParameterError as error:
            _soon(self.refusals.remark, event.webhook, "repeatBy", error.message)
            return replace(event, repeat_key=None)
        except BaseException:
            await discard_body(body)
            raise

    async def _admitted(self, received: Received) -> Webhook | Reply | NotAdmittedError:
        """The webhook that takes this request or replies to its handshake, else the reason why none does."""
        webhook = self.webhooks.receiving(received.token)
        try:
            reply = await self.admission.check(webhook, received)
        except NotAdmittedError as error:
            reply = None if webhook is None else self.handshakes.refusal(webhook)
            if reply is None or error.status != 401:
                return error
            _soon(self.refusals.note, received.token, error, received.body.size)
        except BaseException:
            await discard_body(received.body)
            raise
        assert webhook is not None, "only a webhook admits"
        if reply is None:
            return webhook
        await discard_body(received.body)
        if reply.said:
            _soon(self.refusals.remark, webhook.uuid, HANDSHAKE, reply.said)
        return reply

    async def _pretend(self, event: Event, received: Received, reason: NotAdmittedError) -> Receipt:
        """Do the work of `_accept` for a request that no webhook takes: no event is stored."""
        body = received.body
        self._hearing(event)
        try:
            await self.store.events.count_unknown(AddEvent(event, body, (), self.listeners.padding(())))
        finally:
            _soon(self._discard, body)
            _soon(self.refusals.note, received.token, reason, body.size)
        return Receipt(event.trace_id, event.correlation_id, event.created)

    def _discard(self, body: Body) -> None:
        if body.path is not None:
            self.tasks.spawn(discard_body(body), "pfnb discard")

    async def send(
        self, key: str, payload: Any, *, owner: str, correlation_id: str | None = None, notebook: str = ""
    ) -> Event:
        """Store an event that this owner sends, from a notebook or elsewhere, and wake its listeners."""
        event, body = self._own_event(key, payload, owner, correlation_id)
        event = replace(event, notebook=notebook)
        await self._accept(event, body, wait=False)
        return event

    async def _tell(self, key: str, payload: dict[str, Any], owner: str) -> None:
        await self.send(key, payload, owner=owner)

    def _own_event(self, key: str, payload: Any, owner: str, correlation_id: str | None = None) -> tuple[Event, Body]:
        check_written(payload)
        try:
            data = json.dumps(payload, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ParameterError(f"the payload of an event must be JSON: {error}") from error
        created = now()
        event = Event(
            id=new_event_id(created, self._random),
            event_key=check_event_key(key),
            causation=chain_to(key),
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
        """Store a change of properties, its effect on the pipelines among them, and the events that report it."""
        told = [self._own_event(key, payload, owner) for key, payload in news]
        listeners = await self.pipelines.listeners_of(change)
        matching = self.listeners.matching(told[0][0].event_key, owner)
        hearing = [listeners.renamed.get(name, name) for name in matching if name not in listeners.removed]
        events = [AddEvent(event, body, hearing) for event, body in told]
        commit = self.listeners.commits.of(hearing, self.store.properties.change(change, events, listeners))
        stored = await self.pipelines.change(listeners, commit)
        for name in (*listeners.removed, *listeners.renamed):
            self.outcomes.give_up(name)
        for added, place in zip(events, stored, strict=True):
            _soon(self._accepted, added.event, added.body, place, True)
        self.setups.changed(change.saved, change.vacated)

    async def _fire(self, key: str, payload: Any, owner: str) -> None:
        """Send an event of the hub itself, if it has a listener."""
        if self.listeners.matching(key, owner):
            await self.send(key, payload, owner=owner)

    async def _is_stopped(self, job: Listener) -> bool:
        return (await self.properties.get(job.name, job.owner)).tags.get("job") == "stopped"

    async def _start_job(self, job: Listener, due: str) -> None:
        """Store the event of a job's run, for this job alone."""
        event, body = self._own_event("job.due", {"pipelineKey": job.name, "due": due}, job.owner)
        await self._accept(event, body, wait=False, names=(job.name,))

    async def _accept(self, event: Event, body: Body, *, wait: bool, names: tuple[str, ...] | None = None) -> Receipt:
        names = self._hearing(event) if names is None else names
        answer = self._expected(event.id, names) if wait else None
        try:
            adding = self.store.events.add(event, body, names, self.listeners.padding(names))
            stored = await self.listeners.commits.of(names, adding)
        except PfnbError:
            self.outcomes.forget(event.id)
            await discard_body(body)
            raise
        if stored.repeats is not None:
            return await self._repeated(event, body, stored, stored.repeats, wait=wait)
        _soon(self._accepted, event, body, stored, wait or event.webhook is None)
        return Receipt(event.trace_id, event.correlation_id, event.created, event.id, answer, event.owner)

    def _expected(self, event_id: str, names: Sequence[str]) -> asyncio.Future[Outcome | None] | None:
        """The answer that pipelines among these listeners will give; None without any. The caller must `forget` it."""
        pipelines = self._pipelines(names)
        return self.outcomes.expect(event_id, pipelines) if pipelines else None

    def _pipelines(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if (one := self.listeners.find(name)) is None or one.is_pipeline)

    def _hearing(self, event: Event) -> tuple[str, ...]:
        """Names of the listeners that this event is for."""
        sender = (event.notebook,) if event.notebook else ()
        notebooks = sender or self.webhooks.notebooks_of(event.webhook)
        return self.listeners.matching(event.event_key, event.owner, notebooks)

    async def _repeated(self, event: Event, body: Body, stored: Stored, first_id: str, *, wait: bool) -> Receipt:
        """The event was stored before: only its failed deliveries run again."""
        self.outcomes.forget(event.id)
        _soon(self._discard, body)
        names = tuple(delivery.listener for delivery in stored.deliveries)
        answer = self._expected(first_id, names) if wait else None
        if names:
            self.tasks.spawn(self._publish_again(first_id, stored.deliveries), "pfnb dispatch")
        return Receipt(event.trace_id, event.correlation_id, event.created, first_id, answer, event.owner)

    async def _publish_again(self, event_id: str, deliveries: Sequence[Delivery]) -> None:
        event = await self.store.events.get(event_id)
        if event is not None:
            self.announcements.add(event, deliveries, now=True)
            self.changes.note(event.seq)

    def _accepted(self, event: Event, body: Body, stored: Stored, now: bool) -> None:
        """An event was stored; its listeners get it `now` or a moment later. Call this through `_soon`, so that they get events
        in commit order."""
        self.last_seq = stored.seq
        self.webhooks.count(event)
        if event.webhook is not None:
            self.results.began(event, self._pipelines([delivery.listener for delivery in stored.deliveries]))
        self.retention.grew(event.size)
        if stored.deliveries:
            self.announcements.add(replace(event, seq=stored.seq), stored.deliveries, body.data, now=now)
        self.changes.note(stored.seq)

    async def replay(self, event_id: str, owner: str, listener: str | None = None) -> tuple[Delivery, ...]:
        """Deliver an event once more: to each of its owner's pipelines that match now, or to the named one, matching or not.
        Earlier deliveries stay as they are, and endpoints get nothing. NotFoundError when there is no such event or pipeline."""
        event = await self.history.event(event_id, owner)
        names = [listener] if listener is not None else self._pipelines(self._hearing(event))
        mine = [name for name in names if self.listeners.get(name).owner == owner]
        if listener is not None and not mine:
            raise AccessDeniedError(f"the pipeline {listener} does not belong to {owner}")
        return await self._deliver_again(event, mine)

    async def _deliver_again(self, event: Event, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        deliveries = await self.listeners.commits.of(listeners, self.store.deliveries.add(event.id, listeners))
        self.announcements.add(event, deliveries, now=True)
        self.changes.note(event.seq)
        return deliveries

    async def discard(self, number: int, owner: str, reason: str | None = None) -> RunRow:
        """Discard a delivery of this owner's events: it becomes dead, the next ones proceed. Returns its row. NotFoundError if
        there is none, ParameterError if it has succeeded."""
        delivery, event = await self.store.deliveries.get(number)
        if event.owner != owner:
            raise NotFoundError(f"there is no delivery {number}")
        await self.dispatcher.discard(delivery, event, set_aside(delivery, owner, reason))
        delivery, event = await self.store.deliveries.get(number)
        if delivery.status != "dead":
            raise ParameterError(f"the delivery {number} has succeeded: it cannot be discarded")
        return self.history.run_row(delivery, event)

    async def complete(self, correlation_id: str, owner: str, value: Any) -> ResultRow:
        """Give an event of this owner its result, and its waiting caller the answer. The first result counts."""
        found = self.results.find(correlation_id, owner)
        is_first = found is not None and found.status == "running"
        row = self.results.complete(correlation_id, owner, value)
        if found is not None and is_first:
            self.outcomes.complete(found.event_id, value)
        return row

    async def cancel(self, correlation_id: str, owner: str) -> ResultRow:
        """End the runs of an event of this owner, and its result as cancelled. Does nothing for one that has a result."""
        was_running = (found := self.results.find(correlation_id, owner)) is not None and found.status == "running"
        found = self.results.cancel(correlation_id, owner)
        if found is None:
            return gone(correlation_id)
        if was_running:
            deliveries = (await self.store.deliveries.of_events([found.event_id])).get(found.event_id, [])
            for delivery in deliveries:
                if delivery.status not in FINAL and delivery.listener in found.ends.listeners:
                    with suppress(NotFoundError, ParameterError):  # it has ended meanwhile
                        await self.discard(delivery.id, owner, "its result was cancelled")
        return found.to_json(value=False)

    async def register(self, listener: Listener, worker: Worker, *, replace: bool, resume: bool = False) -> None:
        """The worker serves this pipeline from now on, pending deliveries first. See `Listeners.register`."""
        await self.listeners.register(listener, replace=replace, resume=resume)
        await self.dispatcher.attach(listener, worker, replace=replace)

    def left(self, worker: Worker, *, was_killed: bool) -> None:
        """A worker's connection has ended. If its process was killed, what it was running is suspect."""
        self.pipelines.left(worker)
        if self.ready:  # a closing hub has already taken everything back
            if was_killed and worker.session:
                self.suspects.vanished(worker.session, self.dispatcher.held_by(worker))
            self.tasks.spawn(self.dispatcher.detach(worker), "pfnb session end")

    def _away(self) -> list[str]:
        """Names of the listeners without a worker."""
        return [one.name for one in self.listeners.all() if not self.dispatcher.workers(one.name)]

    async def unregister(self, name: str) -> Listener:
        listener = await self.listeners.unregister(name)
        await self.dispatcher.forget(name)
        self.outcomes.give_up(name)
        self.changes.note_many()
        return listener


def _of_nobody(event: Event, nobodys: Webhook) -> Event:
    """The same event for no webhook."""
    return replace(
        event,
        event_key=nobodys.event_key,
        owner=nobodys.owner,
        webhook=nobodys.uuid,
        payload_type=nobodys.payload_type,
    )


def _soon(follow: Callable[..., None], *values: Any) -> None:
    """Run this once the caller has its answer, before the next request: its duration would show whether the webhook exists."""
    asyncio.get_running_loop().call_soon(follow, *values)
