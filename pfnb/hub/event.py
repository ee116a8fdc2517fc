"""An event: one accepted request, or one `event.send`; stored once, never changed."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

from pfnb.hub.request import FilePart

_TRACE_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Event:
    """`seq` is the order of commit, given by the store (0 before); `created` is milliseconds since the epoch."""

    id: str
    event_key: str
    namespace: str
    trace_id: str
    correlation_id: str
    created: int
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


def new_trace_id(webhook: str | None) -> str:
    """Last six characters of the webhook's uuid and seven random ones: enough to find a request, no secret."""
    tail = webhook[-6:] if webhook else secrets.token_hex(3)
    return f"{tail}:{''.join(secrets.choice(_TRACE_ALPHABET) for _ in range(7))}"
