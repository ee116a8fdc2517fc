"""Finds any of many uuids in bytes, in one pass, however many there are.

The pattern begins with a hyphen, which the regular expression engine can search for at memory speed; the text around a match is
then looked up in a set.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Protocol

from pfnb.leaks.halt import Halt

_FROM_FIRST_HYPHEN = re.compile(rb"-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_BEFORE = 8
_LENGTH = 36
CHUNK = 1024 * 1024
MAX_BYTES = 4 * 1024**3
"""The most bytes read of one file: it may be endless, or sparse."""


class Reader(Protocol):
    """Something to read: a file, or a git object."""

    def read(self, size: int, /) -> bytes: ...


class Bounded:
    """The first `MAX_BYTES` of a reader. `is_cut_off` says whether there may be more."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._left = MAX_BYTES

    def read(self, size: int, /) -> bytes:
        data = self._reader.read(min(size, self._left))
        self._left -= len(data)
        return data

    @property
    def is_cut_off(self) -> bool:
        return self._left == 0


class Finder:
    """`uuids` are the secrets to look for, in any case; `halt` may end the search."""

    def __init__(self, uuids: Collection[str], halt: Halt | None = None) -> None:
        self._halt = halt or Halt()
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
        """Line (from 1) and uuid of each place. Reads in pieces: a file may be larger than memory."""
        lines, kept = 1, b""
        while chunk := reader.read(CHUNK):
            self._halt.check()
            data = kept + chunk
            for offset, uuid in self.find(data):
                yield lines + data.count(b"\n", 0, offset), uuid
            kept = data[-(_LENGTH - 1) :]
            lines += data.count(b"\n", 0, len(data) - len(kept))
