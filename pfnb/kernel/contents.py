"""What events and their files read from their hub when they are asked, from any thread or coroutine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pfnb.exceptions import HubUnreachableError
from pfnb.kernel.port import NO_HUB
from pfnb.kernel.progress import progress

if TYPE_CHECKING:
    from pfnb.kernel.notebook import Notebook

_PART = 4 * 1024 * 1024
"""Bytes of one answer: what is larger is read in parts, between which other calls get through."""


class Contents(Protocol):
    """`content_id` is that of an event, for its body, or of a file; `size` in bytes. NotFoundError once retention has removed
    the event."""

    def read(self, content_id: str, size: int = 0) -> bytes: ...

    async def aread(self, content_id: str, size: int = 0) -> bytes: ...

    def event_object(self, event_id: str) -> Mapping[str, Any]: ...

    def replay(self, event_id: str, listener: str | None) -> list[dict[str, Any]]: ...

    async def areplay(self, event_id: str, listener: str | None) -> list[dict[str, Any]]: ...


class HubContents:
    """Over the session of a notebook."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, content_id: str, size: int = 0) -> bytes:
        return self._notebook.run_sync(self._read(content_id, size))

    async def aread(self, content_id: str, size: int = 0) -> bytes:
        return await self._notebook.door.run(self._read(content_id, size))

    def event_object(self, event_id: str) -> Mapping[str, Any]:
        row = self._notebook.run_sync(self._notebook.hub.read_event(event_id, body=False))
        event: Mapping[str, Any] = row["event"]
        return event

    def replay(self, event_id: str, listener: str | None) -> list[dict[str, Any]]:
        return self._notebook.run_sync(self._replay(event_id, listener))

    async def areplay(self, event_id: str, listener: str | None) -> list[dict[str, Any]]:
        return await self._notebook.door.run(self._replay(event_id, listener))

    async def _replay(self, event_id: str, listener: str | None) -> list[dict[str, Any]]:
        deliveries: list[dict[str, Any]] = (await self._notebook.hub.replay_event(event_id, listener))["deliveries"]
        return deliveries

    async def _read(self, content_id: str, size: int) -> bytes:
        if size <= _PART:
            return await self._notebook.hub.read_content(content_id)
        data = bytearray()
        async with progress(self._notebook.shell, lambda: f"reading {len(data):,} of {size:,} bytes"):
            while part := await self._notebook.hub.read_content(content_id, offset=len(data), size=_PART):
                data += part
        return bytes(data)


class Unreadable:
    """Stands in where there is no hub to read from."""

    def read(self, *_call: object, **_words: object) -> bytes:
        raise _no_hub()

    async def aread(self, *_call: object, **_words: object) -> bytes:
        raise _no_hub()

    def event_object(self, *_call: object, **_words: object) -> Mapping[str, Any]:
        raise _no_hub()

    def replay(self, *_call: object, **_words: object) -> list[dict[str, Any]]:
        raise _no_hub()

    async def areplay(self, *_call: object, **_words: object) -> list[dict[str, Any]]:
        raise _no_hub()


def _no_hub() -> HubUnreachableError:
    return HubUnreachableError(NO_HUB)
