"""The gate: how many requests may be read at once, and for how long each."""

from __future__ import annotations

import asyncio
from typing import Protocol

from pfnb.exceptions import BusyError


class Upload(Protocol):
    def too_slow(self, seconds: float) -> None:
        """Its time is over."""


class Gate:
    """One timer for all: since everybody has the same time, the one who came first is the first to be late."""

    def __init__(self, places: int = 512, seconds: float = 30.0) -> None:
        self.places = places
        self.seconds = seconds
        self._inside: dict[Upload, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, upload: Upload) -> None:
        """BusyError when there is no place."""
        if len(self._inside) >= self.places:
            raise BusyError("too many requests are being received; try again in a second")
        loop = asyncio.get_running_loop()
        self._inside[upload] = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_later(self.seconds, self._look)

    def leave(self, upload: Upload) -> None:
        """Its body is complete, or it went away. May be called again."""
        self._inside.pop(upload, None)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        for upload, deadline in list(self._inside.items()):
            if deadline > loop.time():
                self._timer = loop.call_at(deadline, self._look)
                return
            self.leave(upload)
            upload.too_slow(self.seconds)
        self._timer = None
