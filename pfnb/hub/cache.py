"""What pipelines keep for each other, for a while and in memory: one shelf for each owner."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pfnb.exceptions import ParameterError, PayloadTooLargeError
from pfnb.hub.shelf import Kept, Shelf

MAX_ENTRIES = 1_000
MAX_SIZE = 16 * 1024 * 1024
MAX_VALUE = 1024 * 1024
MAX_KEY = 500
"""What an owner may have in it: entries and bytes; bytes of one value, and characters of a key."""


class Cache:
    """Values are JSON. An entry is shown as `key`, `size` in bytes, `created` and `expires` in milliseconds."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._shelves: dict[str, Shelf] = {}

    def put(self, owner: str, key: str, value: Any, seconds: float) -> dict[str, Any]:
        """The entry. What it replaces, and the oldest where there are too many, is gone. Raises ParameterError for what is no
        JSON, and PayloadTooLargeError."""
        if not 1 <= len(key) <= MAX_KEY:
            raise ParameterError(f"a key of the cache has 1 to {MAX_KEY} characters")
        try:
            data = json.dumps(value, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ParameterError(f"the cache keeps JSON only: {error}") from error
        if len(data) > MAX_VALUE:
            raise PayloadTooLargeError(f"a value in the cache has {MAX_VALUE:,} bytes at most, not {len(data):,}")
        if owner not in self._shelves:
            self._shelves[owner] = Shelf(entries=MAX_ENTRIES, size=MAX_SIZE, now=self._now)
        return _entry(key, self._shelves[owner].put(key, data, seconds))

    def get(self, owner: str, key: str, *, remove: bool = False) -> dict[str, Any] | None:
        """The entry of this key with its `value`, if there is one; with `remove` it is gone after that."""
        shelf = self._shelves.get(owner)
        kept = shelf.get(key) if shelf is not None else None
        if shelf is None or kept is None:
            return None
        if remove:
            shelf.remove(key)
        return {**_entry(key, kept), "value": json.loads(kept.data)}

    def list(self, owner: str) -> list[dict[str, Any]]:
        """All entries of this owner, the oldest first."""
        return [_entry(key, kept) for key, kept in self._shelves.get(owner, ())]


def _entry(key: str, kept: Kept) -> dict[str, Any]:
    return {"key": key, "size": len(kept.data), "created": kept.created, "expires": kept.expires}
