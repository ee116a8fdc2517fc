"""Reads the contents of events from the hub, over the session of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pfnb.kernel.board.progress import progress
from pfnb.rows.delivery import NewDelivery
from pfnb.rows.event import EventObject

if TYPE_CHECKING:
    from pfnb.kernel.notebook import Notebook

_PART = 4 * 1024 * 1024
"""Bytes of one answer. Larger contents are read in parts, so that other calls get through in between."""


class HubContents:
    """`Contents` over the session of a notebook."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, content_id: str, size: int = 0) -> bytes:
        return self._notebook.run_sync(self._read(content_id, size))

    async def aread(self, content_id: str, size: int = 0) -> bytes:
        return await self._notebook.door.run(self._read(content_id, size))

    def event_object(self, event_id: str) -> EventObject:
        return self._notebook.run_sync(self._notebook.hub.read_event(event_id, body=False))["event"]

    def replay(self, event_id: str, listener: str | None) -> list[NewDelivery]:
        return self._notebook.run_sync(self._replay(event_id, listener))

    async def areplay(self, event_id: str, listener: str | None) -> list[NewDelivery]:
        return await self._notebook.door.run(self._replay(event_id, listener))

    async def _replay(self, event_id: str, listener: str | None) -> list[NewDelivery]:
        return (await self._notebook.hub.replay_event(event_id, listener))["deliveries"]

    async def _read(self, content_id: str, size: int) -> bytes:
        if size <= _PART:
            return await self._notebook.hub.read_event_content(content_id)
        data = bytearray()
        async with progress(self._notebook, lambda: f"reading {len(data):,} of {size:,} bytes"):
            while part := await self._notebook.hub.read_event_content(content_id, offset=len(data), size=_PART):
                data += part
        return bytes(data)
