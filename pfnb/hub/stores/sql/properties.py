"""Properties and their attachments in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pfnb.hub.records.property import Attachment, Property
from pfnb.hub.stores.bodies import read_slice
from pfnb.hub.stores.changes import NO_LISTENERS, AddEvent, ListenerChange, PropertyChange
from pfnb.hub.stores.sql import rows
from pfnb.hub.stores.sql.additions import add_events
from pfnb.hub.stores.sql.database import Database
from pfnb.hub.stores.sql.registry import change_listeners
from pfnb.hub.stores.sql.schema import attachments, properties
from pfnb.hub.stores.sql.transaction import Transaction
from pfnb.hub.stores.store import Stored


class SqlProperties:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(
        self, change: PropertyChange, events: Sequence[AddEvent], listeners: ListenerChange = NO_LISTENERS
    ) -> list[Stored]:
        await self._database.sync(*(body for _, body in change.attached))
        stored, files = await self._database.write(ChangeProperties(change, events, listeners))
        await self._database.remove_files(files)
        return list(stored)

    async def get(self, uuid: str) -> Property | None:
        found = await self._found(properties.c.uuid == uuid)
        return found[0] if found else None

    async def at(self, path: str) -> Property | None:
        found = await self._found(properties.c.path == path)
        return found[0] if found else None

    async def below(self, prefix: str, wanted: Callable[[Property], bool] | None = None) -> list[Property]:
        return await self._found(sa.func.substr(properties.c.path, 1, len(prefix)) == prefix, wanted)

    async def expired(self, now: int) -> list[Property]:
        return await self._found(properties.c.expires <= now)

    async def _found(
        self, where: sa.ColumnElement[bool], wanted: Callable[[Property], bool] | None = None
    ) -> list[Property]:
        query = sa.select(*rows.PROPERTY_COLUMNS).where(where).order_by(properties.c.path)

        def read(connection: sa.Connection) -> list[Property]:
            found = (rows.to_property(row) for row in connection.execute(query))
            return [one for one in found if wanted is None or wanted(one)]

        return await self._database.read(read)

    async def attachments(self, uuid: str) -> list[Attachment]:
        return await self._attached(attachments.c.property == uuid)

    async def attachment(self, attachment_id: str) -> Attachment | None:
        found = await self._attached(attachments.c.id == attachment_id)
        return found[0] if found else None

    async def _attached(self, where: sa.ColumnElement[bool]) -> list[Attachment]:
        query = sa.select(*rows.ATTACHMENT_COLUMNS).where(where).order_by(attachments.c.name)
        return await self._database.read(
            lambda connection: [rows.to_attachment(row) for row in connection.execute(query)]
        )

    async def attachment_slice(self, attachment_id: str, offset: int, size: int) -> bytes:
        return await self._database.read(
            lambda connection: read_slice(self._database.body(connection, attachments, attachment_id), offset, size)
        )


@dataclass(frozen=True, slots=True)
class ChangeProperties:
    change: PropertyChange
    events: Sequence[AddEvent]
    listeners: ListenerChange

    def run(self, transaction: Transaction) -> tuple[list[Stored], list[str]]:
        """The events' places, and the names of body files that are no longer needed."""
        connection, table, change = transaction.connection, attachments, self.change
        gone = sa.or_(table.c.id.in_(change.detached), table.c.property.in_(change.removed))
        files = connection.scalars(sa.select(table.c.body_file).where(gone, table.c.body_file.is_not(None))).all()
        connection.execute(sa.delete(table).where(gone))
        replaced = [*change.removed, *(saved.uuid for saved in change.saved)]
        connection.execute(sa.delete(properties).where(properties.c.uuid.in_(replaced)))
        transaction.insert(properties.name, [rows.property_row(saved) for saved in change.saved])
        transaction.insert(table.name, [rows.attachment_row(*attached) for attached in change.attached])
        change_listeners(self.listeners).run(transaction)
        return add_events(transaction, list(self.events)), [file for file in files if file]
