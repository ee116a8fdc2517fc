"""Reads bodies of events piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pfnb.http.protocol import KernelPort
from pfnb.rows.event import EventRow

PIECE = 1024 * 1024


async def pieces(hub: KernelPort, event: EventRow) -> AsyncIterator[bytes]:
    """The body of an event, byte for byte as it was sent. NotFoundError once retention has removed it."""
    for offset in range(0, event["contentLength"], PIECE):
        yield await hub.read_event_content(event["id"], offset, PIECE)


async def beginning(hub: KernelPort, event: EventRow, size: int) -> bytes:
    """The first bytes of a body, at most `size`."""
    return await hub.read_event_content(event["id"], 0, size) if event["contentLength"] else b""
