"""Webhooks, events and deliveries in a database of any dialect."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from pfnb.exceptions import NotFoundError, StoreBusyError
from pfnb.hub.clock import now
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.delivery import Delivery, DeliveryStatus
from pfnb.hub.records.event import Event
from pfnb.hub.records.property import Attachment, Property
from pfnb.hub.records.query import EventQuery
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.bodies import read_body, read_slice, remove_files, sweep_folder, sync_folder
from pfnb.hub.stores.sql import queries, removals, rows, schema, writes
from pfnb.hub.stores.sql.decoys import MakeTables, Slots
from pfnb.hub.stores.sql.dialect import Dialect, LostStoreError
from pfnb.hub.stores.sql.sequences import LAST_DELIVERY, LAST_SEQ
from pfnb.hub.stores.sql.transaction import Transaction
from pfnb.hub.stores.sql.writer import RETRY_SECONDS, Writer
from pfnb.hub.stores.store import (
    AWAY,
    NO_LISTENERS,
    AddEvent,
    Found,
    ListenerChange,
    Opened,
    PropertyChange,
    Stored,
)
from pfnb.hub.supervision import Repeated
from pfnb.hub.troubles import os_error, takes_more

T = TypeVar("T")
log = logging.getLogger("pfnb.hub")
READERS = 4

_WEBHOOKS = sa.select(schema.webhooks, schema.webhook_notebooks.c.notebooks).outerjoin_from(
    schema.webhooks, schema.webhook_notebooks, schema.webhooks.c.uuid == schema.webhook_notebooks.c.uuid
)
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
    """`bodies` is the folder of bodies too large for a row."""

    durable = True

    def __init__(self, dialect: Dialect, bodies: Path) -> None:
        self._dialect = dialect
        self._bodies = bodies
        self._engine = dialect.engine()
        self._numbers = dialect.numbers(0, 0)
        self._slots = Slots()
        self._decoys = False
        self._readers = ThreadPoolExecutor(READERS, "pfnb-reader")
        self._refused_reads = Repeated()
        self._writer = Writer(lambda: dialect.connect_to_write(self._engine), self._run_group, dialect.is_away)

    async def is_well(self) -> bool:
        if not await asyncio.to_thread(lambda: self._is_there() and takes_more(self._bodies)):
            return False
        if self._writer.refuses:
            try:
                await self._writer.submit(writes.try_to_write(now()))
            except StoreBusyError:
                return False
        return True

    def _is_there(self) -> bool:
        try:
            self._dialect.check()
        except LostStoreError:
            return False
        return True

    def _run_group(self, connection: sa.Connection, works: list[writes.Work]) -> list[Any]:
        self._dialect.check()
        return writes.run_group(Transaction(connection, self._dialect, self._numbers), works, self._slots)

    async def open(self) -> Opened:
        try:
            opened = await asyncio.to_thread(self._open)
        except sa.exc.DatabaseError as error:
            self._engine.dispose()
            raise self._dialect.start_error(error.orig) from None
        except OSError as error:
            self._engine.dispose()
            raise os_error(self._bodies, error) from None
        except BaseException:
            self._engine.dispose()
            raise
        self._writer.start()
        return opened

    def _open(self) -> Opened:
        self._dialect.prepare()
        with self._engine.begin() as connection:
            last_seq = _last(connection, schema.events.c.seq, LAST_SEQ)
            last_delivery = _last(connection, schema.deliveries.c.id, LAST_DELIVERY)
            webhooks = tuple(rows.to_webhook(row) for row in connection.execute(_WEBHOOKS))
            listeners = tuple(rows.to_listener(row) for row in connection.execute(sa.select(schema.listeners)))
            files = set(connection.scalars(sa.union_all(*map(_body_files, (schema.events, schema.attachments)))))
            identities = tuple(
                (row.kind, row.name, json.loads(row.record)) for row in connection.execute(sa.select(schema.identities))
            )
            refusals = {row.webhook: json.loads(row.record) for row in connection.execute(sa.select(schema.refusals))}
        sweep_folder(self._bodies, files)
        self._numbers = self._dialect.numbers(last_seq, last_delivery)
        return Opened(webhooks, listeners, last_seq, identities, refusals)

    async def close(self) -> None:
        await self._writer.close()
        await asyncio.to_thread(self._end_reading)

    def _end_reading(self) -> None:
        # A read whose task was cancelled still uses its connection: wait for it before all are closed.
        self._readers.shutdown()
        self._engine.dispose()

    async def add_event(
        self, event: Event, body: Body, listeners: Sequence[str], padding: Sequence[str] = ()
    ) -> Stored:
        await self._sync(body)
        if padding or event.repeat_key is not None:
            await self._make_decoys()
        stored: Stored = await self._writer.submit(AddEvent(event, body, listeners, padding))
        return stored

    async def _sync(self, body: Body) -> None:
        if body.path is not None:
            await self._sync_bodies()

    async def _sync_bodies(self) -> None:
        """StoreBusyError when the disk refuses."""
        try:
            await asyncio.to_thread(sync_folder, self._bodies)
        except OSError as error:
            raise self._writer.refusal(error) from None

    async def _make_decoys(self) -> None:
        """Created on first use: a hub whose webhooks are called but not listened to has none."""
        if not self._decoys:
            await self._writer.submit(MakeTables())
            self._decoys = True

    async def add_deliveries(self, event_id: str, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        added: tuple[Delivery, ...] = await self._writer.submit(writes.AddDeliveries(event_id, listeners))
        return added

    async def count_unknown(self, decoy: AddEvent | None = None) -> None:
        if decoy is not None:
            await self._sync(decoy.body)
            await self._make_decoys()
        await self._writer.submit(writes.CountUnknown(decoy))

    async def save_webhooks(self, *webhooks: Webhook) -> None:
        await self._writer.submit(writes.save_webhooks(webhooks))

    async def save_identities(self, records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> None:
        await self._writer.submit(writes.save_identities(records))

    async def save_refusals(self, records: Mapping[str, dict[str, Any]]) -> None:
        await self._writer.submit(writes.save_refusals(records))

    async def change_owner(self, owner: str, to: str) -> None:
        await self._writer.submit(writes.change_owner(owner, to))

    async def delete_webhook(self, uuid: str, now: int) -> None:
        await self._writer.submit(writes.delete_webhook(uuid, now))

    async def retired_by(self, uuid: str) -> str | None:
        table = schema.retired_webhooks
        query = sa.select(table.c.owner).where(table.c.uuid == uuid)
        return await self._read(lambda connection: connection.scalar(query))

    async def change_listeners(self, change: ListenerChange) -> None:
        await self._writer.submit(writes.change_listeners(change))

    async def change_properties(
        self, change: PropertyChange, events: Sequence[AddEvent], listeners: ListenerChange = NO_LISTENERS
    ) -> list[Stored]:
        if any(body.path is not None for _, body in change.attached):
            await self._sync_bodies()
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

    async def properties(self, prefix: str, wanted: Callable[[Property], bool] | None = None) -> list[Property]:
        table = schema.properties
        below = sa.func.substr(table.c.path, 1, len(prefix)) == prefix
        return await self._properties(below, wanted)

    async def expired_properties(self, now: int) -> list[Property]:
        return await self._properties(schema.properties.c.expires <= now)

    async def _properties(
        self, where: sa.ColumnElement[bool], wanted: Callable[[Property], bool] | None = None
    ) -> list[Property]:
        query = sa.select(*rows.PROPERTY_COLUMNS).where(where).order_by(schema.properties.c.path)

        def read(connection: sa.Connection) -> list[Property]:
            found = (rows.to_property(row) for row in connection.execute(query))
            return [one for one in found if wanted is None or wanted(one)]

        return await self._read(read)

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

    def finish_delivery(
        self,
        delivery: int,
        status: DeliveryStatus,
        error: dict[str, Any] | None,
        steps: Sequence[dict[str, Any]],
        not_before: int = 0,
    ) -> Awaitable[None]:
        return self._writer.submit(writes.finish_delivery(delivery, status, error, steps, not_before))

    async def pending(self, listener: str, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        query = _pending(listener).where(schema.deliveries.c.id > after)
        return await self._deliveries(query.order_by(schema.deliveries.c.id).limit(limit))

    async def retries(self, listener: str, limit: int) -> list[tuple[Delivery, Event]]:
        query = _pending(listener).where(schema.deliveries.c.not_before > 0)
        return await self._deliveries(query.order_by(schema.deliveries.c.not_before).limit(limit))

    async def _deliveries(self, query: sa.Select[Any]) -> list[tuple[Delivery, Event]]:
        return await self._read(lambda connection: _found(connection, query))

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

    async def overdue(self, listener: str, before: int, most: int, limit: int) -> list[int]:
        return await self._read(lambda connection: removals.overdue(connection, listener, before, most, limit))

    async def give_up(self, deliveries: Sequence[int], error: Mapping[str, Any] = AWAY, *, failed: bool = False) -> int:
        statuses: tuple[DeliveryStatus, ...] = ("pending", "failed") if failed else ("pending",)
        given_up: int = await self._writer.submit(removals.GiveUp(deliveries, error, statuses))
        return given_up

    async def unsuccessful(self, owner: str, limit: int) -> list[tuple[Delivery, Event]]:
        return await self._read(lambda connection: _unsuccessful(connection, owner, limit))

    async def pending_counts(self) -> dict[str, int]:
        table = schema.deliveries
        query = sa.select(table.c.listener, sa.func.count()).where(schema.PENDING).group_by(table.c.listener)
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

    async def aged(self) -> int | None:
        query = sa.select(schema.counters.c.value).where(schema.counters.c.name == writes.AGED)
        return await self._read(lambda connection: connection.scalar(query))

    async def age(self, time: int) -> None:
        await self._writer.submit(writes.age(time))

    async def size(self) -> int:
        return await self._read(lambda connection: removals.size(connection, self._dialect))

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

    async def bodies(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        table = schema.events
        query = sa.select(table.c.id, table.c.body).where(table.c.id.in_(event_ids), table.c.body.is_not(None))
        return await self._read(lambda connection: {row.id: row.body for row in connection.execute(query)})

    async def body(self, event_id: str) -> bytes:
        return await self._read(lambda connection: read_body(self._body(connection, schema.events, event_id)))

    async def body_slice(self, event_id: str, offset: int, size: int) -> bytes:
        return await self._read(
            lambda connection: read_slice(self._body(connection, schema.events, event_id), offset, size)
        )

    def _body(self, connection: sa.Connection, table: sa.Table, key: str) -> Body:
        """The body of an event or of an attachment."""
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
        """StoreBusyError when the disk or the database refuses: the request is not at fault."""

        def in_thread() -> T:
            try:
                with self._engine.connect() as connection:
                    return read(connection)
            except Exception as error:
                is_missing = isinstance(error, FileNotFoundError)
                if is_missing or not (isinstance(error, OSError) or self._dialect.is_away(error)):
                    raise
                if self._refused_reads.is_due(error):
                    log.error("the store cannot read", exc_info=error)
                raise StoreBusyError("the store cannot read now; try again later", retry_after=RETRY_SECONDS) from None

        return await asyncio.get_running_loop().run_in_executor(self._readers, in_thread)


def _last(connection: sa.Connection, column: sa.Column[int], counter: str) -> int:
    given = connection.scalar(sa.select(schema.counters.c.value).where(schema.counters.c.name == counter))
    return max(connection.scalar(sa.select(sa.func.max(column))) or 0, given or 0)


def _body_files(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.body_file).where(table.c.body_file.is_not(None))


def _delivery_and_event() -> sa.Select[Any]:
    return sa.select(*_DELIVERY, *rows.EVENT_COLUMNS).join_from(schema.deliveries, schema.events)


def _pending(listener: str) -> sa.Select[Any]:
    return _delivery_and_event().where(schema.deliveries.c.listener == listener, schema.PENDING)


def _found(connection: sa.Connection, query: sa.Select[Any]) -> list[tuple[Delivery, Event]]:
    return [(rows.to_delivery(row), rows.to_event(row)) for row in connection.execute(query)]


def _unsuccessful(connection: sa.Connection, owner: str, limit: int) -> list[tuple[Delivery, Event]]:
    table = schema.deliveries
    found: list[tuple[Delivery, Event]] = []
    # One by one: each of them has an index.
    for wanted in (table.c.status == "failed", table.c.status == "dead", schema.TRIED_AGAIN):
        query = _delivery_and_event().where(wanted, table.c.owner == owner)
        newest_first = query.order_by(table.c.event_seq.desc(), table.c.id.desc()).limit(limit)
        found += _found(connection, newest_first)
    return sorted(found, key=lambda one: (one[1].seq, one[0].id), reverse=True)[:limit]
