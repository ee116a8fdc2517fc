"""The broker of a hub whose workers serve no other hub: a call within the process. Tests use it, too."""

from __future__ import annotations

from collections.abc import Callable


class LocalBroker:
    def __init__(self) -> None:
        self._subscribers: dict[str, Callable[[int], None]] = {}

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        self._subscribers.clear()

    async def publish(self, listener: str, delivery: int) -> None:
        wake = self._subscribers.get(listener)
        if wake is not None:
            wake(delivery)

    async def subscribe(self, listener: str, wake: Callable[[int], None]) -> None:
        self._subscribers[listener] = wake

    async def unsubscribe(self, listener: str) -> None:
        self._subscribers.pop(listener, None)
