"""Webhooks, events and deliveries in a database: SQLite in WAL mode, every commit synced to disk."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from pfnb.exceptions import NotFoundError
from pfnb.hub.delivery import Delivery, DeliveryStatus
from pfnb.hub.event import Event
from pfnb.hub.property import Attachment, Property
from pfnb.hub.query import EventQuery
from pfnb.hub.request import Body
from pfnb.hub.stores import queries, removals, rows, schema, writes
from pfnb.hub.stores.bodies import read_body, read_slice, remove_files, sweep_folder, sync_folder
from pfnb.hub.stores.migrations import migrate
from pfnb.hub.stores.sequences import LAST_DELIVERY, LAST_SEQ, Sequences
from pfnb.hub.stores.store import NO_LISTENERS, AddEvent, Found, ListenerChange, Opened, PropertyChange, Stored
from pfnb.hub.stores.writer import Writer
from pfnb.hub.webhook import Webhook

T = TypeVar("T")
JOURNAL_BYTES = 64 * 1024 * 1024
READERS = 4
INCREMENTAL = 2
"""SQLite's mode of `auto_vacuum` in which it is told when to shrink."""

_DELIVERY = (
    schema.deliveries.c.id.label("number"),
    schema.deliveries.c.listener,
    schema.deliveries.c.status,
    schema.deliveries.c.attempts,
    schema.deliveries.c.error,
    schema.deliveries.c.not_before,
    schema.events.c.id.label("event_id"),
)


class SqlStore:
    """`file` is the database, readable by its owner alone; `bodies` the folder of bodies too large for a row."""

    durable = True

    def __init__(self, file: Path, bodies: Path) -> None:
        self._file = file
        self._bodies = bodies
        self._engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)))
        sa.event.listen(self._engine, "connect", _configure)
        self._numbers = Sequences(0, 0)
        self._readers = ThreadPoolExecutor(READERS, "pfnb-reader")
        self._writer = Writer(self._engine.connect, self._run_group)

    def _run_group(self, connection: sa.Connection, works: list[writes.Work]) -> list[Any]:
        return writes.run_group(connection, works, self._numbers)

    async def open(self) -> Opened:
        try:
            opened = await asyncio.to_thread(self._open)
        except BaseException:
            self._engine.dispose()
            raise
        self._writer.start()
        return opened

    def _open(self) -> Opened:
        self._file.touch(mode=0o600)
        self._prepare_for_removals()
        with self._engine.begin() as connection:
            migrate(connection)
            last_seq = _last(connection, schema.events.c.seq, LAST_SEQ)
            last_delivery = _last(connection, schema.deliveries.c.id, LAST_DELIVERY)
            webhooks = tuple(rows.to_webhook(row) for row in connection.execute(sa.select(schema.webhooks)))
            listeners = tuple(rows.to_listener(row) for row in connection.execute(sa.select(schema.listeners)))
            files = set(connection.scalars(sa.union_all(*map(_body_files, (schema.events, schema.attachments)))))
            identities = tuple(
                (row.kind, row.name, json.loads(row.record)) for row in connection.execute(sa.select(schema.identities))
            )
        sweep_folder(self._bodies, files)
        self._numbers = Sequences(last_seq, last_delivery)
        return Opened(webhooks, listeners, last_seq, identities)

    def _prepare_for_removals(self) -> None:
        """Have the file give free pages back; one that was made without this is written anew, once."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() != INCREMENTAL:
                connection.exec_driver_sql(f"PRAGMA auto_vacuum = {INCREMENTAL}")
                connection.exec_driver_sql("VACUUM")

    async def close(self) -> None:
        await self._writer.close()
        await asyncio.to_thread(self._end_reading)

    def _end_reading(self) -> None:
        # A read whose task was cancelled still has its connection: it is given back before all are closed.
        self._readers.shutdown()
        self._engine.dispose()

    async def add_event(self, event: Event, body: Body, listeners: Sequence[str]) -> Stored:
        if body.path is not None:
            await asyncio.to_thread(sync_folder, self._bodies)
        stored: Stored = await self._writer.submit(AddEvent(event, body, listeners))
        return stored

    async def add_deliveries(self, event_id: str, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        added: tuple[Delivery, ...] = await self._writer.submit(writes.AddDeliveries(event_id, listeners))
        return added

    async def count_unknown(self) -> None:
        await self._writer.submit(writes.CountUnknown())

    async def save_webhooks(self, *webhooks: Webhook) -> None:
        await self._writer.submit(writes.save_webhooks(webhooks))

    async def save_identities(self, records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> None:
        await self._writer.submit(writes.save_identities(records))

    async def delete_webhook(self, uuid: str) -> None:
        await self._writer.submit(writes.delete_webhook(uuid))

    async def change_listeners(self, change: ListenerChange) -> None:
        await self._writer.submit(writes.change_listeners(change))

    async def change_properties(
        self, change: PropertyChange, events: Sequence[AddEvent], listeners: ListenerChange = NO_LISTENERS
    ) -> list[Stored]:
        if any(body.path is not None for _, body in change.attached):
            await asyncio.to_thread(sync_folder, self._bodies)
        stored, files = await self._writer.submit(writes.ChangeProperties(change, events, listeners))
        if files:
            await asyncio.to_thread(remove_files, self._bodies, files)
        return list(stored)

    async def property(self, path: str) -> Property | None:
        table = schema.properties
        found = await self._properties(table.c.path == path)
        return found[0] if found else None

    async def property_of(self, uuid: str) -> Property | None:
        found = await self._properties(schema.properties.c.uuid == uuid)
        return found[0] if found else None

    async def properties(self, prefix: str) -> list[Property]:
        table = schema.properties
        below = sa.func.substr(table.c.path, 1, len(prefix)) == prefix
        return await self._properties(below)

    async def expired_properties(self, now: int) -> list[Property]:
        return await self._properties(schema.properties.c.expires <= now)

    async def _properties(self, wanted: sa.ColumnElement[bool]) -> list[Property]:
        query = sa.select(*rows.PROPERTY_COLUMNS).where(wanted).order_by(schema.properties.c.path)
        return await self._read(lambda connection: [rows.to_property(row) for row in connection.execute(query)])

    async def attachments(self, uuid: str) -> list[Attachment]:
        return await self._attachments(schema.attachments.c.property == uuid)

    async def attachment(self, attachment_id: str) -> Attachment | None:
        found = await self._attachments(schema.attachments.c.id == attachment_id)
        return found[0] if found else None

    async def _attachments(self, wanted: sa.ColumnElement[bool]) -> list[Attachment]:
        query = sa.select(*rows.ATTACHMENT_COLUMNS).where(wanted).order_by(schema.attachments.c.name)
        return await self._read(lambda connection: [rows.to_attachment(row) for row in connection.execute(query)])

    async def attachment_slice(self, attachment_id: str, offset: int, size: int) -> bytes:
        return await self._read(
            lambda connection: read_slice(self._body(connection, schema.attachments, attachment_id), offset, size)
        )

    async def count_attempts(self, deliveries: Collection[int]) -> None:
        await self._writer.submit(writes.count_attempts(deliveries))

    async def finish_delivery(
        self,
        delivery: int,
        status: DeliveryStatus,
        error: dict[str, Any] | None,
        steps: Sequence[dict[str, Any]],
        not_before: int = 0,
    ) -> None:
        await self._writer.submit(writes.finish_delivery(delivery, status, error, steps, not_before))

    async def pending(self, listener: str, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        query = _pending(listener).where(schema.deliveries.c.id > after)
        return await self._deliveries(query.order_by(schema.deliveries.c.id).limit(limit))

    async def retries(self, listener: str, limit: int) -> list[tuple[Delivery, Event]]:
        query = _pending(listener).where(schema.deliveries.c.not_before > 0)
        return await self._deliveries(query.order_by(schema.deliveries.c.not_before).limit(limit))

    async def _deliveries(self, query: sa.Select[Any]) -> list[tuple[Delivery, Event]]:
        return await self._read(lambda c: [(rows.to_delivery(row), rows.to_event(row)) for row in c.execute(query)])

    async def delivery(self, delivery: int) -> tuple[Delivery, Event]:
        query = _delivery_and_event().where(schema.deliveries.c.id == delivery)
        row = await self._read(lambda connection: connection.execute(query).first())
        if row is None:
            raise NotFoundError(f"there is no delivery {delivery}")
        return rows.to_delivery(row), rows.to_event(row)

    async def steps(self, delivery: int) -> list[dict[str, Any]]:
        query = sa.select(schema.deliveries.c.steps).where(schema.deliveries.c.id == delivery)
        steps = await self._read(lambda connection: connection.scalar(query))
        return json.loads(steps) if steps else []

    async def runs(self, listener: str, owner: str, before: int | None, limit: int) -> list[tuple[Delivery, Event]]:
        query = _delivery_and_event().where(schema.deliveries.c.listener == listener, schema.events.c.owner == owner)
        if before is not None:
            query = query.where(schema.deliveries.c.id < before)
        return await self._deliveries(query.order_by(schema.deliveries.c.id.desc()).limit(limit))

    async def give_up(self, listener: str, before: int, most: int) -> int:
        given_up: int = await self._writer.submit(removals.GiveUp(listener, before, most))
        return given_up

    async def pending_counts(self) -> dict[str, int]:
        table = schema.deliveries
        query = (
            sa.select(table.c.listener, sa.func.count()).where(table.c.status == "pending").group_by(table.c.listener)
        )
        return await self._read(lambda connection: {row[0]: row[1] for row in connection.execute(query)})

    async def events(self, webhook: str, limit: int, before: str | None) -> list[Event]:
        table = schema.events
        query = sa.select(*rows.EVENT_COLUMNS).where(table.c.webhook == webhook)
        if before is not None:
            query = query.where(table.c.seq < sa.select(table.c.seq).where(table.c.id == before).scalar_subquery())
        return await self._events(query.order_by(table.c.seq.desc()).limit(limit))

    async def find_events(self, query: EventQuery, before: int | None, limit: int) -> Found:
        return await self._read(lambda connection: queries.find(connection, query, before, limit, self._to_body))

    async def count_events(self, query: EventQuery) -> int:
        return await self._read(lambda connection: queries.count(connection, query))

    async def events_since(self, seq: int, limit: int) -> list[Event]:
        table = schema.events
        query = sa.select(*rows.EVENT_COLUMNS).where(table.c.seq > seq)
        return await self._events(query.order_by(table.c.seq).limit(limit))

    async def size(self) -> int:
        return await self._read(removals.size)

    async def removable(self, before: int | None, limit: int) -> list[tuple[int, int]]:
        return await self._read(lambda connection: removals.removable(connection, before, limit))

    async def remove_events(self, seqs: Sequence[int]) -> int:
        removed, files = await self._writer.submit(removals.RemoveEvents(seqs))
        await asyncio.to_thread(remove_files, self._bodies, files)
        return int(removed)

    async def event(self, event_id: str) -> Event | None:
        found = await self._events(sa.select(*rows.EVENT_COLUMNS).where(schema.events.c.id == event_id))
        return found[0] if found else None

    async def _events(self, query: sa.Select[Any]) -> list[Event]:
        return await self._read(lambda connection: [rows.to_event(row) for row in connection.execute(query)])

    async def body(self, event_id: str) -> bytes:
        return await self._read(lambda connection: read_body(self._body(connection, schema.events, event_id)))

    async def body_slice(self, event_id: str, offset: int, size: int) -> bytes:
        return await self._read(
            lambda connection: read_slice(self._body(connection, schema.events, event_id), offset, size)
        )

    def _body(self, connection: sa.Connection, table: sa.Table, key: str) -> Body:
        """The body of an event, or of an attachment."""
        query = sa.select(table.c.size, table.c.body, table.c.body_file).where(table.c.id == key)
        row = connection.execute(query).first()
        if row is None:
            raise NotFoundError(f"there is no {table.name.removesuffix('s')} {key}")
        return self._to_body(row)

    def _to_body(self, row: sa.Row[*tuple[Any, ...]]) -> Body:
        return Body(row.size, row.body, self._bodies / row.body_file if row.body_file else None)

    async def deliveries(self, event_ids: Sequence[str]) -> dict[str, list[Delivery]]:
        query = (
            sa.select(*_DELIVERY)
            .join_from(schema.deliveries, schema.events)
            .where(schema.events.c.id.in_(event_ids))
            .order_by(schema.deliveries.c.id)
        )
        found: dict[str, list[Delivery]] = {event_id: [] for event_id in event_ids}
        for delivery in await self._read(lambda c: [rows.to_delivery(row) for row in c.execute(query)]):
            found[delivery.event_id].append(delivery)
        return found

    async def _read(self, read: Callable[[sa.Connection], T]) -> T:
        def in_thread() -> T:
            with self._engine.connect() as connection:
                return read(connection)

        return await asyncio.get_running_loop().run_in_executor(self._readers, in_thread)


def _last(connection: sa.Connection, column: sa.Column[int], counter: str) -> int:
    given = connection.scalar(sa.select(schema.counters.c.value).where(schema.counters.c.name == counter))
    return max(connection.scalar(sa.select(sa.func.max(column))) or 0, given or 0)


def _body_files(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.body_file).where(table.c.body_file.is_not(None))


def _delivery_and_event() -> sa.Select[Any]:
    return sa.select(*_DELIVERY, *rows.EVENT_COLUMNS).join_from(schema.deliveries, schema.events)


def _pending(listener: str) -> sa.Select[Any]:
    table = schema.deliveries
    # Literal, so that the partial indices are seen to hold what is asked for.
    return _delivery_and_event().where(table.c.listener == listener, table.c.status == sa.literal_column("'pending'"))


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA journal_size_limit={JOURNAL_BYTES}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=5000")
