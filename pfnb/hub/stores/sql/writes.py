"""The writes of the writer thread: each is a value, so that a group of them can be one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from pfnb.exceptions import NotFoundError
from pfnb.hub.records.delivery import Delivery, DeliveryStatus
from pfnb.hub.records.event import Event
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.sql import decoys, rows, schema
from pfnb.hub.stores.sql.decoys import MakeTables, Slots
from pfnb.hub.stores.sql.removals import GiveUp, RemoveEvents
from pfnb.hub.stores.sql.repeats import Earlier, Group, Place, earlier, failed_again
from pfnb.hub.stores.sql.transaction import Transaction
from pfnb.hub.stores.store import DELETED, REPEAT_MILLISECONDS, AddEvent, ListenerChange, PropertyChange, Stored

UNKNOWN_WEBHOOK = "unknown_webhook"
AGED = "aged"
_PLACE = Place(schema.events.name, schema.deliveries.name)


@dataclass(frozen=True, slots=True)
class AddDeliveries:
    event_id: str
    listeners: Sequence[str]

    def run(self, transaction: Transaction) -> tuple[Delivery, ...]:
        table = schema.events
        event = transaction.connection.execute(
            sa.select(table.c.seq, table.c.owner).where(table.c.id == self.event_id)
        ).first()
        if event is None:
            raise NotFoundError(f"there is no event {self.event_id}")
        added = tuple(Delivery(next(transaction.numbers.delivery), self.event_id, name) for name in self.listeners)
        transaction.insert(_PLACE.deliveries, [_delivery_row(delivery, event.seq, event.owner) for delivery in added])
        return added


@dataclass(frozen=True, slots=True)
class ChangeProperties:
    change: PropertyChange
    events: Sequence[AddEvent]
    listeners: ListenerChange

    def run(self, transaction: Transaction) -> tuple[list[Stored], list[str]]:
        """The events' places, and the names of body files that are no longer needed."""
        connection, table, change = transaction.connection, schema.attachments, self.change
        gone = sa.or_(table.c.id.in_(change.detached), table.c.property.in_(change.removed))
        files = connection.scalars(sa.select(table.c.body_file).where(gone, table.c.body_file.is_not(None))).all()
        connection.execute(sa.delete(table).where(gone))
        replaced = [*change.removed, *(saved.uuid for saved in change.saved)]
        connection.execute(sa.delete(schema.properties).where(schema.properties.c.uuid.in_(replaced)))
        transaction.insert(schema.properties.name, [rows.property_row(saved) for saved in change.saved])
        transaction.insert(table.name, [rows.attachment_row(*attached) for attached in change.attached])
        change_listeners(self.listeners).run(transaction)
        return _add_events(transaction, list(self.events)), [file for file in files if file]


@dataclass(frozen=True, slots=True)
class CountUnknown:
    decoy: AddEvent | None = None


@dataclass(frozen=True, slots=True)
class FinishDelivery:
    """`row` contains the values for _FINISH."""

    row: tuple[str, str | None, str | None, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """Any other write: statements with their values, in order."""

    statements: tuple[tuple[sa.Executable, dict[str, Any] | None], ...]

    def run(self, transaction: Transaction) -> None:
        for statement, values in self.statements:
            transaction.connection.execute(statement, values)


Work = (
    AddEvent
    | AddDeliveries
    | FinishDelivery
    | ChangeProperties
    | RemoveEvents
    | GiveUp
    | CountUnknown
    | MakeTables
    | Change
)


def run_group(transaction: Transaction, works: list[Work], slots: Slots) -> list[Any]:
    """Events and counts of a group are written together, then the rest in order. Nobody changes a delivery of an uncommitted
    event, so this order is safe."""
    adds = [work for work in works if isinstance(work, AddEvent)]
    stored = _add_events(transaction, adds)
    counts = [work for work in works if isinstance(work, CountUnknown)]
    repeated = [_hidden(add) for add, one in zip(adds, stored, strict=True) if one.repeats is not None]
    hidden = repeated + [_looked_up(transaction, work.decoy) for work in counts if work.decoy is not None]
    _pad(transaction, hidden, [add for add, one in zip(adds, stored, strict=True) if one.repeats is None], slots)
    if counts or hidden:
        transaction.run(_COUNT, (len(counts), UNKNOWN_WEBHOOK))
    places = iter(stored)
    return [result for _, same in groupby(works, type) for result in _run_alike(transaction, list(same), places)]


def _run_alike(transaction: Transaction, works: Sequence[Work], places: Iterator[Stored]) -> Iterator[Any]:
    """The results of consecutive works of one kind."""
    finished = [work.row for work in works if isinstance(work, FinishDelivery)]
    if finished:
        transaction.run_many(_FINISH, finished)
    for work in works:
        if isinstance(work, AddEvent):
            yield next(places)
        elif isinstance(work, CountUnknown | FinishDelivery):
            yield None
        else:
            yield work.run(transaction)


def _looked_up(transaction: Transaction, decoy: AddEvent) -> AddEvent:
    """The decoy, after the same lookups as for an event."""
    first = _earlier(transaction, decoy.event, Group(), decoys.PLACE)
    if first.id is None:
        return decoy
    failed_again(transaction, first, (), decoys.PLACE)
    return _hidden(decoy)


def _earlier(transaction: Transaction, event: Event, group: Group, place: Place) -> Earlier:
    return earlier(transaction, event, event.created - REPEAT_MILLISECONDS, group, place)


def _hidden(add: AddEvent) -> AddEvent:
    """The decoy of a repetition: it has no deliveries, and need not be found again."""
    return replace(decoys.without_keys(add), listeners=(), padding=(*add.listeners, *add.padding))


def _pad(transaction: Transaction, hidden: list[AddEvent], added: list[AddEvent], slots: Slots) -> None:
    """Write what makes all requests alike: a decoy for each one without an event, and deliveries to nobody."""
    transaction.insert(decoys.PLACE.events, [slots.event_row(add) for add in hidden], again=True)
    padded: list[dict[str, Any]] = []
    spare: list[dict[str, Any]] = []
    for add in hidden + added:
        if add.padding:
            mine = [_delivery_row(*one, add.event.owner) for one in slots.deliveries(add.padding, len(add.listeners))]
            spare += mine[:1] if not add.listeners else ()
            padded += mine[1:] if not add.listeners else mine
    transaction.insert(decoys.PLACE.deliveries, padded, again=True)
    transaction.insert(decoys.SPARE, spare, again=True)


def _add_events(transaction: Transaction, adds: list[AddEvent]) -> list[Stored]:
    events: list[dict[str, Any]] = []
    deliveries: list[dict[str, Any]] = []
    stored: list[Stored] = []
    received: dict[str, tuple[int, int]] = {}
    group = Group()
    for add in adds:
        first = _earlier(transaction, add.event, group, _PLACE)
        if first.id is not None:
            stored.append(Stored(first.seq, failed_again(transaction, first, add.listeners, _PLACE), first.id))
            continue
        event, seq = add.event, next(transaction.numbers.event)
        group.add(event, seq)
        event = replace(event, conflict=first.conflict) if first.conflict is not None else event
        events.append(rows.event_row(event, add.body, seq))
        mine = tuple(Delivery(next(transaction.numbers.delivery), event.id, name) for name in add.listeners)
        deliveries.extend(_delivery_row(delivery, seq, event.owner) for delivery in mine)
        stored.append(Stored(seq, mine))
        if event.webhook:
            count, last = received.get(event.webhook, (0, 0))
            received[event.webhook] = (count + 1, max(last, event.created))
    transaction.insert(_PLACE.events, events)
    transaction.insert(_PLACE.deliveries, deliveries)
    if received:
        counts = [(count, last, uuid) for uuid, (count, last) in received.items()]
        transaction.run_many(_COUNT_RECEIVED, counts)
    return stored


def _delivery_row(delivery: Delivery, seq: int, owner: str) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event_seq": seq,
        "listener": delivery.listener,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "owner": owner,
    }


_COUNT = "UPDATE counters SET value = value + ? WHERE name = ?"
_COUNT_RECEIVED = "UPDATE webhooks SET received = received + ?, last_received = ? WHERE uuid = ?"
_FINISH = (
    "UPDATE deliveries SET status = ?, attempts = attempts + 1, error = ?, steps = ?, not_before = ?"
    " WHERE id = ? AND status = 'pending'"
)


def finish_delivery(
    delivery: int,
    status: DeliveryStatus,
    error: dict[str, Any] | None,
    steps: Sequence[dict[str, Any]],
    not_before: int,
) -> FinishDelivery:
    reason, trace = json.dumps(error) if error else None, json.dumps(list(steps)) if steps else None
    return FinishDelivery((status, reason, trace, not_before, delivery))


def count_attempts(deliveries: Collection[int]) -> Change:
    table = schema.deliveries
    return Change(((sa.update(table).where(table.c.id.in_(deliveries)).values(attempts=table.c.attempts + 1), None),))


def age(time: int) -> Change:
    return _set(AGED, time)


def try_to_write(time: int) -> Change:
    """Shows whether the disk accepts writes."""
    return _set("tried", time)


def _set(counter: str, value: int) -> Change:
    table = schema.counters
    remove = sa.delete(table).where(table.c.name == counter)
    return Change(((remove, None), (sa.insert(table), {"name": counter, "value": value})))


def save_webhooks(webhooks: Sequence[Webhook]) -> Change:
    """Replace all columns except the counts, which the receiver may be increasing at the same time."""
    return Change(tuple(statement for webhook in webhooks for statement in _save_webhook(webhook)))


def _save_webhook(webhook: Webhook) -> tuple[tuple[sa.Executable, dict[str, Any] | None], ...]:
    row = rows.webhook_row(webhook)
    kept = {name: value for name, value in row.items() if name not in ("received", "last_received")}
    table = schema.webhooks
    exists = sa.select(sa.literal(1)).where(table.c.uuid == webhook.uuid).exists()
    insert = sa.insert(table).from_select(list(row), sa.select(*_literals(table, row)).where(~exists))
    update = sa.update(table).where(table.c.uuid == webhook.uuid).values(**kept)
    notebooks = schema.webhook_notebooks
    forget = sa.delete(notebooks).where(notebooks.c.uuid == webhook.uuid)
    keep = ((sa.insert(notebooks), rows.webhook_notebooks_row(webhook)),) if webhook.notebooks else ()
    return ((update, None), (insert, None), (forget, None), *keep)


def save_identities(records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> Change:
    table = schema.identities
    statements: list[tuple[sa.Executable, dict[str, Any] | None]] = []
    for kind, name, record in records:
        statements.append((sa.delete(table).where(table.c.kind == kind, table.c.name == name), None))
        if record is not None:
            statements.append((sa.insert(table), {"kind": kind, "name": name, "record": json.dumps(record)}))
    return Change(tuple(statements))


def save_refusals(records: Mapping[str, dict[str, Any]]) -> Change:
    table = schema.refusals
    saved = [{"webhook": name, "record": json.dumps(record)} for name, record in records.items()]
    gone = sa.delete(table).where(table.c.webhook.in_(records))
    return Change(((gone, None), *((sa.insert(table), row) for row in saved)))


def change_owner(owner: str, to: str) -> Change:
    tables = (schema.events, schema.deliveries, schema.properties, schema.attachments, schema.retired_webhooks)
    return Change(tuple((sa.update(table).where(table.c.owner == owner).values(owner=to), None) for table in tables))


def delete_webhook(uuid: str, now: int) -> Change:
    table, retired = schema.webhooks, schema.retired_webhooks
    mine = sa.select(table.c.uuid, table.c.owner, sa.literal(now)).where(table.c.uuid == uuid)
    keep = sa.insert(retired).from_select(["uuid", "owner", "retired"], mine)
    gone = [sa.delete(each).where(each.c.uuid == uuid) for each in (table, schema.webhook_notebooks)]
    gone.append(sa.delete(schema.refusals).where(schema.refusals.c.webhook == uuid))
    return Change(((keep, None), *((statement, None) for statement in gone)))


def change_listeners(change: ListenerChange) -> Change:
    table, deliveries = schema.listeners, schema.deliveries
    pending = sa.update(deliveries).where(deliveries.c.status == "pending")
    dead = {"status": "dead", "error": json.dumps({"statusMessage": DELETED})}
    statements: list[tuple[sa.Executable, dict[str, Any] | None]] = []
    statements += [(sa.delete(table).where(table.c.name == name), None) for name in change.names]
    statements += [(sa.insert(table), rows.listener_row(listener)) for listener in change.saved]
    statements += [(pending.where(deliveries.c.listener == name).values(**dead), None) for name in change.removed]
    for old, new in change.renamed.items():
        statements.append((pending.where(deliveries.c.listener == old).values(listener=new), None))
    return Change(tuple(statements))


def _literals(table: sa.Table, row: dict[str, Any]) -> list[sa.ColumnElement[Any]]:
    return [sa.literal(value, table.c[name].type) for name, value in row.items()]
