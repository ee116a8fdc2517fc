"""A proof of the sender that a webhook demands of each request: what `signature` and `auth` have in common."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Protocol

from pfnb.exceptions import NotAdmittedError
from pfnb.hub.receiving.request import Body, Received

CHUNK = 1024 * 1024

Effort = Counter[str]
"""How often costly work of each kind was done for one request: so many passes of a hash over the body, so many checks of a public
key."""


class Proof(Protocol):
    """`hidden` are the headers, in lower case, that prove the sender and so must not be stored. `most` is the most costly work of
    a check; `decoy` does work of one kind on a body that proves nothing."""

    @property
    def hidden(self) -> frozenset[str]: ...

    @property
    def most(self) -> Effort: ...

    async def check(self, received: Received, now: int, effort: Effort) -> None:
        """NotAdmittedError with status 401 and the reason for the webhook's owner, if the request has no valid proof. `now` is in
        milliseconds. What was costly is counted in `effort`, also if it raises."""

    def decoys(self) -> Mapping[str, Callable[[Body], object]]:
        """For each kind in `most`, a function that does such work once. It may read a file, so it belongs in a thread then."""


def refused(reason: str) -> NotAdmittedError:
    """For a reason without capital and full stop."""
    return NotAdmittedError(f"{reason[:1].upper()}{reason[1:]}.", status=401)


def same(one: bytes, other: bytes) -> bool:
    """In constant time for texts of one length."""
    return hmac.compare_digest(one, other)


def header_bytes(value: str) -> bytes:
    """A header's value as it came over the wire."""
    with suppress(UnicodeEncodeError):
        return value.encode("latin-1")
    return value.encode("utf-8", "surrogatepass")


def chunks(body: Body) -> Iterator[bytes]:
    """The body's bytes as sent. Reads a large body's file: call it in a thread then."""
    if body.path is None:
        yield body.data or b""
        return
    with body.path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
