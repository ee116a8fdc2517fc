"""What pipelines keep for each other, for a while and in memory: one shelf per owner."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pfnb.exceptions import ParameterError, PayloadTooLargeError
from pfnb.hub.keeping.shelf import Kept, Shelf
from pfnb.language.extent import check_written
from pfnb.rows.hub import CachedValue, CacheEntry

MAX_ENTRIES = 1_000
MAX_SIZE = 16 * 1024 * 1024
MAX_VALUE = 1024 * 1024
MAX_KEY = 500
MAX_SECONDS = 24 * 3600
"""Limits per owner: entries and bytes. Limits per entry: bytes of the value, characters of the key, and seconds."""


class Cache:
    """Values are JSON. An entry is shown as `key`, `size` in bytes, `created` and `expires` in milliseconds."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._shelves: dict[str, Shelf] = {}

    def put(self, owner: str, key: str, value: Any, seconds: float) -> CacheEntry:
        """Store a value and return its entry. The replaced entry, and the oldest if there are too many, are removed. Raises
        ParameterError for what is not JSON, and PayloadTooLargeError."""
        if not 1 <= len(key) <= MAX_KEY:
            raise ParameterError(f"a cache key must have 1 to {MAX_KEY} characters")
        if not 0 <= seconds <= MAX_SECONDS:
            raise ParameterError(f"the cache can keep a value for 0 to {MAX_SECONDS} seconds, not {seconds:g}")
        check_written(value)
        try:
            data = json.dumps(value, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ParameterError(f"the cache can keep only JSON: {error}") from error
        if len(data) > MAX_VALUE:
            raise PayloadTooLargeError(f"a value in the cache may have at most {MAX_VALUE:,} bytes, not {len(data):,}")
        if owner not in self._shelves:
            self._shelves[owner] = Shelf(entries=MAX_ENTRIES, size=MAX_SIZE, now=self._now)
        return _entry(key, self._shelves[owner].put(key, data, seconds))

    def get(self, owner: str, key: str, *, remove: bool = False) -> CachedValue | None:
        """The entry of this key with its `value`, if there is one; `remove` also deletes it."""
        shelf = self._shelves.get(owner)
        kept = shelf.get(key) if shelf is not None else None
        if shelf is None or kept is None:
            return None
        if remove:
            shelf.remove(key)
        return {**_entry(key, kept), "value": json.loads(kept.data)}

    def forget(self, owner: str) -> None:
        """Delete all of this owner's entries."""
        self._shelves.pop(owner, None)

    def list(self, owner: str) -> list[CacheEntry]:
        """All entries of this owner, oldest first."""
        return [_entry(key, kept) for key, kept in self._shelves.get(owner, ())]


def _entry(key: str, kept: Kept) -> CacheEntry:
    return {"key": key, "size": len(kept.data), "created": kept.created, "expires": kept.expires}
