"""What the writer thread does to the tables: each write is a value, so that a group of them can be one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from pfnb.exceptions import NotFoundError
from pfnb.hub.delivery import Delivery, DeliveryStatus
from pfnb.hub.stores import rows, schema
from pfnb.hub.stores.removals import GiveUp, RemoveEvents
from pfnb.hub.stores.sequences import Sequences
from pfnb.hub.stores.store import DELETED, REPEAT_MILLISECONDS, AddEvent, ListenerChange, PropertyChange, Stored
from pfnb.hub.webhook import Webhook

UNKNOWN_WEBHOOK = "unknown_webhook"
MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class AddDeliveries:
    event_id: str
    listeners: Sequence[str]

    def run(self, connection: sa.Connection, numbers: Sequences) -> tuple[Delivery, ...]:
        seq = connection.scalar(sa.select(schema.events.c.seq).where(schema.events.c.id == self.event_id))
        if seq is None:
            raise NotFoundError(f"there is no event {self.event_id}")
        added = tuple(Delivery(next(numbers.delivery), self.event_id, name) for name in self.listeners)
        _insert(connection, schema.deliveries, [_delivery_row(delivery, seq) for delivery in added])
        return added


@dataclass(frozen=True, slots=True)
class ChangeProperties:
    change: PropertyChange
    events: Sequence[AddEvent]
    listeners: ListenerChange

    def run(self, connection: sa.Connection, numbers: Sequences) -> tuple[list[Stored], list[str]]:
        """The events' places, and the names of body files that nothing needs any more."""
        table, change = schema.attachments, self.change
        gone = sa.or_(table.c.id.in_(change.detached), table.c.property.in_(change.removed))
        files = connection.scalars(sa.select(table.c.body_file).where(gone, table.c.body_file.is_not(None))).all()
        connection.execute(sa.delete(table).where(gone))
        replaced = [*change.removed, *(saved.uuid for saved in change.saved)]
        connection.execute(sa.delete(schema.properties).where(schema.properties.c.uuid.in_(replaced)))
        _insert(connection, schema.properties, [rows.property_row(saved) for saved in change.saved])
        _insert(connection, table, [rows.attachment_row(*attached) for attached in change.attached])
        change_listeners(self.listeners).run(connection, numbers)
        return list(_add_events(connection, list(self.events), numbers)), [file for file in files if file]


@dataclass(frozen=True, slots=True)
class CountUnknown:
    pass


@dataclass(frozen=True, slots=True)
class Change:
    """Any other write: statements with their values, in order."""

    statements: tuple[tuple[sa.Executable, dict[str, Any] | None], ...]

    def run(self, connection: sa.Connection, _numbers: Sequences) -> None:
        for statement, values in self.statements:
            connection.execute(statement, values)


Work = AddEvent | AddDeliveries | ChangeProperties | RemoveEvents | GiveUp | CountUnknown | Change


def run_group(connection: sa.Connection, works: list[Work], numbers: Sequences) -> list[Any]:
    """Events and counts of a group are written together, then the rest in order. Nobody changes a delivery of an event
    that is not committed yet, so this order is safe."""
    stored = _add_events(connection, [work for work in works if isinstance(work, AddEvent)], numbers)
    unknown = sum(isinstance(work, CountUnknown) for work in works)
    if unknown:
        connection.execute(_COUNT, {"counter": UNKNOWN_WEBHOOK, "more": unknown})
    results: list[Any] = []
    for work in works:
        if isinstance(work, AddEvent):
            results.append(next(stored))
        elif isinstance(work, CountUnknown):
            results.append(None)
        else:
            results.append(work.run(connection, numbers))
    return results


def _add_events(connection: sa.Connection, adds: list[AddEvent], numbers: Sequences) -> Iterator[Stored]:
    events: list[dict[str, Any]] = []
    deliveries: list[dict[str, Any]] = []
    stored: list[Stored] = []
    received: dict[str, tuple[int, int]] = {}
    named: dict[str, Stored] = {}
    for add in adds:
        first = _first(connection, add, named) if add.event.repeat_key is not None else None
        if first is not None:
            stored.append(first)
            continue
        event, seq = add.event, next(numbers.event)
        events.append(rows.event_row(event, add.body, seq))
        mine = tuple(Delivery(next(numbers.delivery), event.id, name) for name in add.listeners)
        deliveries.extend(_delivery_row(delivery, seq) for delivery in mine)
        stored.append(Stored(seq, mine))
        if event.repeat_key is not None:
            named[event.repeat_key] = Stored(seq, (), event.id)
        if event.webhook:
            count, last = received.get(event.webhook, (0, 0))
            received[event.webhook] = (count + 1, max(last, event.created))
    _insert(connection, schema.events, events)
    _insert(connection, schema.deliveries, deliveries)
    if received:
        counts = [{"webhook": uuid, "more": count, "last": last} for uuid, (count, last) in received.items()]
        connection.execute(_COUNT_RECEIVED, counts)
    return iter(stored)


def _first(connection: sa.Connection, add: AddEvent, named: dict[str, Stored]) -> Stored | None:
    """The event that this one repeats, if it does, with the deliveries of it that are pending again."""
    key = add.event.repeat_key
    if key in named:
        return named[key]
    table, deliveries = schema.events, schema.deliveries
    recent = sa.select(table.c.id, table.c.seq).where(
        table.c.repeat_key == key, table.c.created > add.event.created - REPEAT_MILLISECONDS
    )
    first = connection.execute(recent.order_by(table.c.seq.desc()).limit(1)).first()
    if first is None:
        return None
    every = connection.execute(
        sa.select(deliveries.c.id, deliveries.c.listener, deliveries.c.status)
        .where(deliveries.c.event_seq == first.seq, deliveries.c.listener.in_(add.listeners))
        .order_by(deliveries.c.id)
    )
    again = [row for row in {row.listener: row for row in every}.values() if row.status in ("failed", "dead")]
    pending = sa.update(deliveries).where(deliveries.c.id.in_([row.id for row in again]))
    connection.execute(pending.values(status="pending", attempts=0, error=None, not_before=0))
    return Stored(first.seq, tuple(Delivery(row.id, first.id, row.listener) for row in again), first.id)


def _insert(connection: sa.Connection, table: sa.Table, values: list[dict[str, Any]]) -> None:
    """One statement for many rows. SQLite's driver lets go of the interpreter at each statement's step and has to wait for
    the busy receiver to get it back: a group of sixteen single inserts took five times as long."""
    for first in range(0, len(values), MAX_ROWS):
        rows_ = values[first : first + MAX_ROWS]
        parameters = tuple(value for row in rows_ for value in row.values())
        connection.exec_driver_sql(_insert_statement(table.name, tuple(rows_[0]), len(rows_)), parameters)


@lru_cache(maxsize=256)
def _insert_statement(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"  # noqa: S608  # our own names


def _delivery_row(delivery: Delivery, seq: int) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event_seq": seq,
        "listener": delivery.listener,
        "status": delivery.status,
        "attempts": delivery.attempts,
    }


_COUNT = (
    sa.update(schema.counters)
    .where(schema.counters.c.name == sa.bindparam("counter"))
    .values(value=schema.counters.c.value + sa.bindparam("more"))
)
_COUNT_RECEIVED = (
    sa.update(schema.webhooks)
    .where(schema.webhooks.c.uuid == sa.bindparam("webhook"))
    .values(received=schema.webhooks.c.received + sa.bindparam("more"), last_received=sa.bindparam("last"))
)
_FINISH = (
    sa.update(schema.deliveries)
    .where(schema.deliveries.c.id == sa.bindparam("number"))
    .values(
        status=sa.bindparam("ended"),
        attempts=schema.deliveries.c.attempts + 1,
        error=sa.bindparam("reason"),
        steps=sa.bindparam("trace"),
        not_before=sa.bindparam("until"),
    )
)


def finish_delivery(
    delivery: int,
    status: DeliveryStatus,
    error: dict[str, Any] | None,
    steps: Sequence[dict[str, Any]],
    not_before: int,
) -> Change:
    values = {
        "number": delivery,
        "ended": status,
        "reason": json.dumps(error) if error else None,
        "trace": json.dumps(list(steps)) if steps else None,
        "until": not_before,
    }
    return Change(((_FINISH, values),))


def count_attempts(deliveries: Collection[int]) -> Change:
    table = schema.deliveries
    return Change(((sa.update(table).where(table.c.id.in_(deliveries)).values(attempts=table.c.attempts + 1), None),))


def save_webhooks(webhooks: Sequence[Webhook]) -> Change:
    """Replace all but the counts, which the receiver may be raising at the same time."""
    return Change(tuple(statement for webhook in webhooks for statement in _save_webhook(webhook)))


def _save_webhook(webhook: Webhook) -> tuple[tuple[sa.Executable, None], ...]:
    row = rows.webhook_row(webhook)
    kept = {name: value for name, value in row.items() if name not in ("received", "last_received")}
    table = schema.webhooks
    exists = sa.select(sa.literal(1)).where(table.c.uuid == webhook.uuid).exists()
    insert = sa.insert(table).from_select(list(row), sa.select(*_literals(table, row)).where(~exists))
    update = sa.update(table).where(table.c.uuid == webhook.uuid).values(**kept)
    return ((update, None), (insert, None))


def save_identities(records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> Change:
    table = schema.identities
    statements: list[tuple[sa.Executable, dict[str, Any] | None]] = []
    for kind, name, record in records:
        statements.append((sa.delete(table).where(table.c.kind == kind, table.c.name == name), None))
        if record is not None:
            statements.append((sa.insert(table), {"kind": kind, "name": name, "record": json.dumps(record)}))
    return Change(tuple(statements))


def delete_webhook(uuid: str) -> Change:
    return Change(((sa.delete(schema.webhooks).where(schema.webhooks.c.uuid == uuid), None),))


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
