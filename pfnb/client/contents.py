"""What events and their files read from the hub on demand, from any thread or coroutine."""

from __future__ import annotations

from typing import Protocol

from pfnb.client.port import NO_HUB
from pfnb.exceptions import HubUnreachableError
from pfnb.rows.delivery import NewDelivery
from pfnb.rows.event import EventObject


class Contents(Protocol):
    """`content_id` is the id of an event (for its body) or of a file; `size` is in bytes. NotFoundError once retention has
    removed the event."""

    def read(self, content_id: str, size: int = 0) -> bytes: ...

    async def aread(self, content_id: str, size: int = 0) -> bytes: ...

    def event_object(self, event_id: str) -> EventObject: ...

    def replay(self, event_id: str, listener: str | None) -> list[NewDelivery]: ...

    async def areplay(self, event_id: str, listener: str | None) -> list[NewDelivery]: ...


class Unreadable:
    """A placeholder without a hub: every read raises HubUnreachableError."""

    def read(self, *_call: object, **_words: object) -> bytes:
        raise _no_hub()

    async def aread(self, *_call: object, **_words: object) -> bytes:
        raise _no_hub()

    def event_object(self, *_call: object, **_words: object) -> EventObject:
        raise _no_hub()

    def replay(self, *_call: object, **_words: object) -> list[NewDelivery]:
        raise _no_hub()

    async def areplay(self, *_call: object, **_words: object) -> list[NewDelivery]:
        raise _no_hub()


def _no_hub() -> HubUnreachableError:
    return HubUnreachableError(NO_HUB)
