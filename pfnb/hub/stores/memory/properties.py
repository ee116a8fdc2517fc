"""Properties and their attachments in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pfnb.exceptions import NotFoundError
from pfnb.hub.records.property import Attachment, Property
from pfnb.hub.stores.bodies import read_slice, remove_body
from pfnb.hub.stores.changes import NO_LISTENERS, AddEvent, ListenerChange, PropertyChange
from pfnb.hub.stores.memory.events import MemoryEvents
from pfnb.hub.stores.memory.registry import MemoryRegistry
from pfnb.hub.stores.memory.tables import Tables
from pfnb.hub.stores.store import Stored


class MemoryProperties:
    def __init__(self, tables: Tables, events: MemoryEvents, registry: MemoryRegistry) -> None:
        self._tables = tables
        self._events = events
        self._registry = registry

    async def change(
        self, change: PropertyChange, events: Sequence[AddEvent], listeners: ListenerChange = NO_LISTENERS
    ) -> list[Stored]:
        properties, attachments = self._tables.properties, self._tables.attachments
        gone = {one for one, (kept, _) in attachments.items() if kept.property in change.removed}
        for attachment_id in {*change.detached, *gone}:
            remove_body(attachments.pop(attachment_id)[1])
        for uuid in (*change.removed, *(saved.uuid for saved in change.saved)):
            properties.pop(uuid, None)
        properties.update((saved.uuid, saved) for saved in change.saved)
        attachments.update((attached.id, (attached, body)) for attached, body in change.attached)
        await self._registry.change_listeners(listeners)
        return [await self._events.add(one.event, one.body, one.listeners) for one in events]

    async def get(self, uuid: str) -> Property | None:
        return self._tables.properties.get(uuid)

    async def at(self, path: str) -> Property | None:
        return next((found for found in self._tables.properties.values() if found.path == path), None)

    async def below(self, prefix: str, wanted: Callable[[Property], bool] | None = None) -> list[Property]:
        found = (one for one in self._tables.properties.values() if one.path.startswith(prefix))
        return [one for one in sorted(found, key=lambda one: one.path) if wanted is None or wanted(one)]

    async def expired(self, now: int) -> list[Property]:
        every = self._tables.properties.values()
        return [one for one in every if one.expires is not None and one.expires <= now]

    async def attachments(self, uuid: str) -> list[Attachment]:
        found = (attachment for attachment, _ in self._tables.attachments.values() if attachment.property == uuid)
        return sorted(found, key=lambda one: one.name)

    async def attachment(self, attachment_id: str) -> Attachment | None:
        found = self._tables.attachments.get(attachment_id)
        return found[0] if found is not None else None

    async def attachment_slice(self, attachment_id: str, offset: int, size: int) -> bytes:
        if attachment_id not in self._tables.attachments:
            raise NotFoundError(f"there is no attachment {attachment_id}")
        return await asyncio.to_thread(read_slice, self._tables.attachments[attachment_id][1], offset, size)
