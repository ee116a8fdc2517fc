"""Random bits for ids, from the operating system. They are fetched in batches: a system call for each id would cost too much."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Protocol

BATCH = 4096


class Bits(Protocol):
    """Where the random bits of an id come from."""

    def getrandbits(self, k: int, /) -> int: ...


class SystemBits:
    """Bits of the operating system's generator, each given out once. Belongs to one thread."""

    def __init__(self, batch: int = BATCH, fetch: Callable[[int], bytes] | None = None) -> None:
        self._batch = batch
        self._fetch = fetch or os.urandom
        self._bytes = b""
        self._used = 0

    def getrandbits(self, k: int, /) -> int:
        count = (k + 7) // 8
        if self._used + count > len(self._bytes):
            self._bytes, self._used = self._fetch(max(self._batch, count)), 0
        piece = self._bytes[self._used : self._used + count]
        self._used += count
        return int.from_bytes(piece) >> (8 * count - k)


class DerivedBits:
    """The same bits for the same text, 64 bytes at most. Nobody can compute them without the secret."""

    def __init__(self, secret: bytes, text: str) -> None:
        digest = hmac.digest(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha512)
        self._left = int.from_bytes(digest)
        self._bits = 8 * len(digest)

    def getrandbits(self, k: int, /) -> int:
        if k > self._bits:
            raise ValueError(f"{k} more bits are needed, but {self._bits} are left")
        self._bits -= k
        taken, self._left = self._left >> self._bits, self._left & ((1 << self._bits) - 1)
        return taken
