"""Finds any of many uuids in bytes, in one pass, however many there are.

The pattern begins with a hyphen, for which the regular expression engine can skip through bytes as fast as memory allows;
what stands around a match is then looked up in a set.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Protocol

_FROM_FIRST_HYPHEN = re.compile(rb"-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_BEFORE = 8
_LENGTH = 36
CHUNK = 1024 * 1024


class Reader(Protocol):
    """What is read: a file, or an object of git."""

    def read(self, size: int, /) -> bytes: ...


class Finder:
    """`uuids` are the secrets to look for, in any case."""

    def __init__(self, uuids: Collection[str]) -> None:
        self._known = {uuid.lower().encode(): uuid.lower() for uuid in uuids}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, data: bytes) -> Iterator[tuple[int, str]]:
        """Offset and uuid of each place."""
        for match in _FROM_FIRST_HYPHEN.finditer(data):
            start = match.start() - _BEFORE
            uuid = self._known.get(data[start : match.end()].lower()) if start >= 0 else None
            if uuid is not None:
                yield start, uuid

    def find_lines(self, reader: Reader) -> Iterator[tuple[int, str]]:
        """Line (from 1) and uuid of each place, read in pieces: a file may be larger than memory."""
        lines, kept = 1, b""
        while chunk := reader.read(CHUNK):
            data = kept + chunk
            for offset, uuid in self.find(data):
                yield lines + data.count(b"\n", 0, offset), uuid
            kept = data[-(_LENGTH - 1) :]
            lines += data.count(b"\n", 0, len(data) - len(kept))
