"""The store in memory, put together."""

from __future__ import annotations

from pfnb.hub.stores.memory.deliveries import MemoryDeliveries
from pfnb.hub.stores.memory.events import MemoryEvents
from pfnb.hub.stores.memory.properties import MemoryProperties
from pfnb.hub.stores.memory.registry import MemoryRegistry
from pfnb.hub.stores.memory.tables import Tables
from pfnb.hub.stores.store import Opened


class MemoryStore:
    """Keeps the newest `max_events`, and older ones with pending deliveries; the others are removed."""

    durable = False

    def __init__(self, max_events: int = 10_000) -> None:
        self._tables = Tables()
        self.deliveries = MemoryDeliveries(self._tables)
        self.events = MemoryEvents(self._tables, self.deliveries, max_events)
        self.registry = MemoryRegistry(self._tables)
        self.properties = MemoryProperties(self._tables, self.events, self.registry)

    async def open(self) -> Opened:
        tables = self._tables
        identities = tuple((kind, name, record) for (kind, name), record in tables.identities.items())
        return Opened(
            tuple(tables.webhooks.values()),
            tuple(tables.listeners.values()),
            tables.last_seq,
            identities,
            tables.refusals,
            tuple(tables.secrets.values()),
            tuple(tables.endpoints.values()),
        )

    async def close(self) -> None:
        pass

    async def is_well(self) -> bool:
        return True
