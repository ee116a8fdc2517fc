"""An event: one accepted request, or one `event.send`; stored once, never changed."""

from __future__ import annotations

import string
import uuid as uuids
from dataclasses import dataclass, field

from pfnb.hub.randomness import Bits
from pfnb.hub.receiving.request import FilePart
from pfnb.uuid_tail import tail

DELIVERY_KEY = 32
"""Characters of a repeat key that are derived from the sender's delivery id; the rest is derived from the content."""
_TRACE_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Event:
    """`seq` is the event's place in the commit order, given by the store (0 before); `created` is milliseconds since the epoch;
    `owner` owns the webhook, or sent the event; `notebook` is the notebook that sent it, if one did. A repetition of the
    request has the same `repeat_key`. A request with the same delivery id but other content shares only the `delivery_key`,
    and has the id of the first such event as its `conflict`. `causation` are the keys of the events that led to it, if a run
    sent it: see `hub/causation`."""

    id: str
    event_key: str
    namespace: str
    trace_id: str
    correlation_id: str
    created: int
    owner: str = ""
    webhook: str | None = None
    method: str = "POST"
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    raw_query: str = ""
    remote_address: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""
    size: int = 0
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: tuple[FilePart, ...] = ()
    payload_type: str = "raw"
    seq: int = 0
    repeat_key: str | None = None
    conflict: str | None = None
    notebook: str = ""
    causation: tuple[str, ...] = ()

    @property
    def delivery_key(self) -> str | None:
        """The part of `repeat_key` that is derived from the delivery id alone."""
        return self.repeat_key[:DELIVERY_KEY] if self.repeat_key is not None else None


def new_event_id(created: int, source: Bits) -> str:
    """A version 7 uuid (RFC 9562), which begins with its time in milliseconds: the newest ids are close together in an index,
    so that a commit of many events writes few pages."""
    return str(uuids.UUID(int=(created << 80 | 7 << 76 | source.getrandbits(76)) & ~(3 << 62) | 2 << 62))


def new_correlation_id(source: Bits) -> str:
    """A version 4 uuid."""
    return str(uuids.UUID(int=source.getrandbits(128), version=4))


def new_trace_id(webhook: str | None, source: Bits) -> str:
    """The last six characters of the webhook's uuid and seven random ones: enough to find a request, but not secret."""
    end = tail(webhook) if webhook else f"{source.getrandbits(24):06x}"
    number, letters = source.getrandbits(64), ""
    for _ in range(7):
        number, place = divmod(number, len(_TRACE_ALPHABET))
        letters += _TRACE_ALPHABET[place]
    return f"{end}:{letters}"
