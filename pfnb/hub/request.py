"""What a request is before and after it was read: its head, its limits, its body, its parts.

Everything here is a value. `ingest.Ingest` turns a `RequestHead` and chunks of bytes into one `Received`, knowing nothing
of webhooks: whatever an answer depends on before the webhook is looked up is decided with what stands in this file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def canonical_uuid(value: object) -> str | None:
    """The lower-case form of the text of an RFC 4122 uuid, None for any other value (braces, `urn:`, spaces, numbers…)."""
    if isinstance(value, str) and len(value) == 36 and _UUID.fullmatch(value):
        return value.lower()
    return None


@dataclass(frozen=True)
class Limits:
    """Bounds that hold for every request, before its webhook is known. All are bytes unless the name says otherwise."""

    hard: int = 4 * 1024 * 1024
    """A longer body is refused (413)."""
    memory: int = 64 * 1024
    """A longer body goes to a spool file while it arrives."""
    json: int = 512 * 1024
    """A longer JSON body is not searched for `uuid` and `token`; such a webhook is named in the query or a header.

    This is just above the largest body that a webhook accepts by default (512,000 bytes): what is longer was set up by
    somebody who can also put the uuid into the URL, and parsing megabytes for strangers would hold up everybody else.
    """
    form: int = 4 * 1024 * 1024
    """A longer url-encoded body is kept as bytes, without fields."""
    fields: int = 100_000
    """More names and values than this, in a query or a form, are refused (400). A count."""
    parts: int = 5_000
    """More parts in a multipart body are refused (400). A count."""
    part_headers: int = 100
    """More header lines in one part are refused (400). A count."""
    part_header: int = 16 * 1024
    """More bytes of headers in one part are refused (400)."""
    query: int = 64 * 1024
    """A longer query string is refused (400); HTTP servers usually refuse it earlier."""


@dataclass(frozen=True)
class RequestHead:
    """The first lines of a request. `query` is the raw query string without `?`; `headers` are as received, in order."""

    method: str
    query: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FilePart:
    """A file of a multipart body: the slice [offset, offset + size) of the stored body, so that bytes are stored once.

    `filename` is a safe base name (it may be empty), `sha256` is hex, `field` None where the part has no name.
    """

    field: str | None
    filename: str
    content_type: str
    offset: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Body:
    """A request's bytes exactly as sent: in `data`, or in the file `path`, which is fsynced and its receiver's to remove."""

    size: int
    data: bytes | None
    path: Path | None


@dataclass(frozen=True)
class Received:
    """One request, read to its end and understood as far as that is possible without its webhook.

    `token` is the canonical uuid that names the webhook, None if nothing did. `named_by` says what named it:
    `header.token`, `query.token`, `query.uuid`, `field.uuid`, `field.token`, `json.uuid`, `json.token`, or the empty text.
    It is left out of `headers`, `query` and `fields` already; of a JSON payload `payload.event_object` leaves it out.
    `headers` have lower-case names, repeated ones joined by ", "; `fields` are those of a form or of a multipart body.
    """

    token: str | None
    named_by: str
    method: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    content_type: str
    body: Body
    fields: dict[str, list[str]]
    files: tuple[FilePart, ...]
