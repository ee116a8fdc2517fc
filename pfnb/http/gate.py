"""Gates: how many requests may be held at once, how many of them for one caller, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from pfnb.exceptions import BusyError, PfnbError, RequestTimeoutError

WAITING = "too many callers are waiting for an answer; try again, or without wait=true"
PATIENCE = 5.0
"""Seconds after which a request still inside may lose its place to a new one, if all places are taken."""


class Places:
    """At most `places` at once, at most `share` of them for one caller."""

    def __init__(self, places: int, share: int) -> None:
        self.places = places
        self.share = share
        self._taken = 0
        self._shares: dict[str, int] = {}

    def has_place(self) -> bool:
        return self._taken < self.places

    def has_share(self, who: str) -> bool:
        return self._shares.get(who, 0) < self.share

    def take(self, who: str) -> None:
        self._taken += 1
        self._shares[who] = self._shares.get(who, 0) + 1

    def give_back(self, who: str) -> None:
        self._taken -= 1
        self._shares[who] -= 1
        if self._shares[who] == 0:
            del self._shares[who]

    @contextmanager
    def place(self, who: str, busy: str = WAITING) -> Iterator[None]:
        """Hold a place until the block ends. BusyError with this text when there is none."""
        if not self.has_place() or not self.has_share(who):
            raise BusyError(busy)
        self.take(who)
        try:
            yield
        finally:
            self.give_back(who)


SLOWEST = 128 * 1024
"""Bytes received that extend the time limit by one second: large bodies take time."""


class Upload(Protocol):
    @property
    def size(self) -> int:
        """How many bytes have come."""

    def drop(self, error: PfnbError) -> None:
        """Answer with this error now and close the connection."""


class Gate(Places):
    """Places for requests whose bodies are read, each for at most `seconds`, and if `patient`, longer in proportion to the bytes
    received.

    One timer serves all: it fires when the next request may be late.
    """

    def __init__(self, places: int, share: int, seconds: float, *, patient: bool = True) -> None:
        super().__init__(places, share)
        self.seconds = seconds
        self._patient = patient
        self._inside: dict[Upload, tuple[float, str]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, upload: Upload, who: str = "") -> None:
        """BusyError when all places are taken, and no request has held one long enough to be dropped."""
        if not self.has_share(who) and not self.relieve(PATIENCE, who):
            raise BusyError("too many requests of yours are being received; try again in a second")
        if not self.has_place() and not self.relieve(PATIENCE):
            raise BusyError("too many requests are being received; try again in a second")
        loop = asyncio.get_running_loop()
        self._inside[upload] = (loop.time(), who)
        self.take(who)
        if self._timer is None:
            self._timer = loop.call_later(self.seconds, self._look)

    def leave(self, upload: Upload) -> None:
        """Give the place back: the body is complete, or the sender is gone. May be called again."""
        found = self._inside.pop(upload, None)
        if found is not None:
            self.give_back(found[1])

    def relieve(self, patience: float, who: str | None = None) -> bool:
        """Drop the request (of this caller) that has been inside longest, if that is more than `patience` seconds."""
        since = asyncio.get_running_loop().time() - patience
        for upload, (entered, by) in self._inside.items():
            if entered > since:
                return False
            if who is None or by == who:
                self._drop(upload, BusyError("this request came too slowly, and other requests took its place"))
                return True
        return False

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drop(self, upload: Upload, error: PfnbError) -> None:
        self.leave(upload)
        upload.drop(error)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        for upload in [upload for upload in self._inside if self._end_of(upload) <= loop.time()]:
            self._drop(upload, RequestTimeoutError(f"the body did not arrive within {self._allowed(upload):.0f} s"))
        ends = map(self._end_of, self._inside)
        self._timer = loop.call_at(min(ends), self._look) if self._inside else None

    def _end_of(self, upload: Upload) -> float:
        return self._inside[upload][0] + self._allowed(upload)

    def _allowed(self, upload: Upload) -> float:
        return self.seconds + (upload.size / SLOWEST if self._patient else 0.0)
