"""The broker's port: it carries a delivery's id as a wake-up; the truth about the delivery stays in the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Broker(Protocol):
    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def publish(self, listener: str, delivery: int) -> None:
        """Announce that this delivery waits for this listener. A lost or repeated announcement does no harm."""

    async def subscribe(self, listener: str, wake: Callable[[int], None]) -> None:
        """Call `wake` with each published delivery of this listener, until `unsubscribe`. One subscriber per listener."""

    async def unsubscribe(self, listener: str) -> None: ...
