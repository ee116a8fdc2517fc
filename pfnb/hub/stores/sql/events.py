"""Events and their bodies in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pfnb.hub.receiving.request import Body
from pfnb.hub.records.event import Event
from pfnb.hub.records.query import EventQuery
from pfnb.hub.stores.bodies import read_body, read_slice
from pfnb.hub.stores.changes import AddEvent
from pfnb.hub.stores.sql import counters, queries, removals, rows
from pfnb.hub.stores.sql.additions import CountUnknown
from pfnb.hub.stores.sql.database import Database
from pfnb.hub.stores.sql.decoys import MakeTables
from pfnb.hub.stores.sql.schema import events
from pfnb.hub.stores.store import Found, Stored

_EVENTS = sa.select(*rows.EVENT_COLUMNS)


class SqlEvents:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._decoys = False

    async def add(self, event: Event, body: Body, listeners: Sequence[str], padding: Sequence[str] = ()) -> Stored:
        await self._database.sync(body)
        if padding or event.repeat_key is not None:
            await self._make_decoys()
        stored: Stored = await self._database.write(AddEvent(event, body, listeners, padding))
        return stored

    async def count_unknown(self, decoy: AddEvent | None = None) -> None:
        if decoy is not None:
            await self._database.sync(decoy.body)
            await self._make_decoys()
        await self._database.write(CountUnknown(decoy))

    async def _make_decoys(self) -> None:
        """Created on first use: a hub whose webhooks are called but not listened to has none."""
        if not self._decoys:
            await self._database.write(MakeTables())
            self._decoys = True

    async def get(self, event_id: str) -> Event | None:
        found = await self._found(_EVENTS.where(events.c.id == event_id))
        return found[0] if found else None

    async def of_webhook(self, webhook: str, limit: int, before: str | None) -> list[Event]:
        query = _EVENTS.where(events.c.webhook == webhook)
        if before is not None:
            query = query.where(events.c.seq < sa.select(events.c.seq).where(events.c.id == before).scalar_subquery())
        return await self._found(query.order_by(events.c.seq.desc()).limit(limit))

    async def find(self, query: EventQuery, before: int | None, limit: int) -> Found:
        to_body = self._database.to_body
        return await self._database.read(lambda connection: queries.find(connection, query, before, limit, to_body))

    async def count(self, query: EventQuery) -> int:
        return await self._database.read(lambda connection: queries.count(connection, query))

    async def since(self, seq: int, limit: int) -> list[Event]:
        return await self._found(_EVENTS.where(events.c.seq > seq).order_by(events.c.seq).limit(limit))

    async def _found(self, query: sa.Select[Any]) -> list[Event]:
        return await self._database.read(lambda connection: [rows.to_event(row) for row in connection.execute(query)])

    async def bodies(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        query = sa.select(events.c.id, events.c.body).where(events.c.id.in_(event_ids), events.c.body.is_not(None))
        return await self._database.read(lambda connection: {row.id: row.body for row in connection.execute(query)})

    async def body(self, event_id: str) -> bytes:
        return await self._database.read(
            lambda connection: read_body(self._database.body(connection, events, event_id))
        )

    async def body_slice(self, event_id: str, offset: int, size: int) -> bytes:
        return await self._database.read(
            lambda connection: read_slice(self._database.body(connection, events, event_id), offset, size)
        )

    async def aged(self) -> int | None:
        return await self._database.read(lambda connection: connection.scalar(counters.value(counters.AGED)))

    async def age(self, time: int) -> None:
        await self._database.write(counters.put(counters.AGED, time))

    async def size(self) -> int:
        return await self._database.read(lambda connection: removals.size(connection, self._database.dialect))

    async def removable(self, before: int | None, limit: int) -> list[tuple[int, int]]:
        return await self._database.read(lambda connection: removals.removable(connection, before, limit))

    async def remove(self, seqs: Sequence[int]) -> int:
        removed, files = await self._database.write(removals.RemoveEvents(seqs))
        await self._database.remove_files(files)
        return int(removed)
