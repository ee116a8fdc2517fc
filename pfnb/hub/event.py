"""An event: one accepted request, or one `event.send`; stored once, never changed."""

from __future__ import annotations

import string
import uuid as uuids
from dataclasses import dataclass, field
from random import Random

from pfnb.hub.request import FilePart

_TRACE_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Event:
    """`seq` is the order of commit, given by the store (0 before); `created` is milliseconds since the epoch; `owner` is
    whose webhook it came to, or who sent it; `repeat_key` is what a repetition of its request would have, too."""

    id: str
    event_key: str
    namespace: str
    trace_id: str
    correlation_id: str
    created: int
    owner: str = ""
    webhook: str | None = None
    method: str = "POST"
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""
    size: int = 0
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: tuple[FilePart, ...] = ()
    named_by: str = ""
    payload_type: str = "raw"
    seq: int = 0
    repeat_key: str | None = None


def new_event_id(created: int, source: Random) -> str:
    """A version 7 uuid (RFC 9562), which begins with its time in milliseconds: the newest ids stand together in an index,
    so that a commit of many events writes few of its pages."""
    return str(uuids.UUID(int=(created << 80 | 7 << 76 | source.getrandbits(76)) & ~(3 << 62) | 2 << 62))


def new_correlation_id(source: Random) -> str:
    """A version 4 uuid."""
    return str(uuids.UUID(int=source.getrandbits(128), version=4))


def new_trace_id(webhook: str | None, source: Random) -> str:
    """Last six characters of the webhook's uuid and seven random ones: enough to find a request, no secret."""
    tail = webhook[-6:] if webhook else f"{source.getrandbits(24):06x}"
    return f"{tail}:{''.join(source.choices(_TRACE_ALPHABET, k=7))}"
