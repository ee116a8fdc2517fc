"""Bytes kept in memory for a while, within bounds: what pipelines cache, and the files they create."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pfnb.exceptions import PayloadTooLargeError


@dataclass(frozen=True, slots=True)
class Kept:
    """`created` and `expires` are milliseconds since the epoch."""

    data: bytes
    created: int
    expires: int


class Shelf:
    """Holds up to `entries` items and `size` bytes. To make room, it removes what has expired, then the oldest."""

    def __init__(self, *, entries: int, size: int, now: Callable[[], int]) -> None:
        self.entries = entries
        self.size = size
        self.used = 0
        self._now = now
        self._kept: dict[str, Kept] = {}

    def put(self, key: str, data: bytes, seconds: float) -> Kept:
        """Store the bytes under this key, replacing what was there. PayloadTooLargeError if they can never fit."""
        if len(data) > self.size:
            raise PayloadTooLargeError(f"{len(data):,} bytes are too many to be kept: the limit is {self.size:,}")
        self.remove(key)
        self.sweep()
        while len(self._kept) >= self.entries or self.used + len(data) > self.size:
            self.remove(next(iter(self._kept)))
        now = self._now()
        kept = self._kept[key] = Kept(data, now, now + int(seconds * 1000))
        self.used += len(data)
        return kept

    def get(self, key: str) -> Kept | None:
        kept = self._kept.get(key)
        return kept if kept is not None and kept.expires > self._now() else None

    def remove(self, key: str) -> Kept | None:
        """Remove it; returns what it was, None if it was not there."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.used -= len(kept.data)
        return kept

    def sweep(self) -> None:
        """Remove what has expired."""
        now = self._now()
        for key in [key for key, kept in self._kept.items() if kept.expires <= now]:
            self.remove(key)

    def __iter__(self) -> Iterator[tuple[str, Kept]]:
        """What is there, oldest first."""
        self.sweep()
        return iter(list(self._kept.items()))
