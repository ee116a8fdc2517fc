"""The store in a database of any dialect, put together."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pfnb.hub.stores.sql.database import Database
from pfnb.hub.stores.sql.decoys import Slots
from pfnb.hub.stores.sql.deliveries import SqlDeliveries
from pfnb.hub.stores.sql.dialect import Dialect
from pfnb.hub.stores.sql.events import SqlEvents
from pfnb.hub.stores.sql.groups import run_group
from pfnb.hub.stores.sql.properties import SqlProperties
from pfnb.hub.stores.sql.registry import SqlRegistry, opened
from pfnb.hub.stores.store import Opened


class SqlStore:
    """`bodies` is the folder of bodies too large for a row."""

    durable = True

    def __init__(self, dialect: Dialect, bodies: Path) -> None:
        self.database = Database(dialect, bodies, partial(run_group, Slots()))
        self.events = SqlEvents(self.database)
        self.deliveries = SqlDeliveries(self.database)
        self.properties = SqlProperties(self.database)
        self.registry = SqlRegistry(self.database)

    async def open(self) -> Opened:
        return await self.database.open(opened)

    async def close(self) -> None:
        await self.database.close()

    async def is_well(self) -> bool:
        return await self.database.is_well()
