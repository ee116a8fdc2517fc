"""A pulse: lets any number of tasks wait for the next change, and look again."""

from __future__ import annotations

import asyncio


class Pulse:
    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None

    def next(self) -> asyncio.Future[None]:
        """A future of the next beat. Take it before looking, so that no change is missed in between."""
        if self._next is None or self._next.done():
            self._next = asyncio.get_running_loop().create_future()
        return asyncio.shield(self._next)

    def beat(self) -> None:
        if self._next is not None and not self._next.done():
            self._next.set_result(None)
