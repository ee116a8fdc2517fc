"""A request before and after it was read: its head, its limits, its body, its parts.

Everything here is a value. `ingest.Ingest` turns a `RequestHead` and chunks of bytes into one `Received`, without knowing
webhooks: anything an answer depends on before the webhook is looked up is in this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pfnb.environment import SIZES, setting_of
from pfnb.exceptions import ParameterError
from pfnb.hub.receiving.form import without_pairs
from pfnb.hub.receiving.naming import Name, canonical_uuid, is_one_of, one_query, without_names
from pfnb.language.sizes import size_of, size_text
from pfnb.uuid_tail import masked_uuid

_FOR_THE_HUB = ("wait", "timeout")


@dataclass(frozen=True)
class Limits:
    """Bounds for every request, before its webhook is known. All are bytes unless the name says otherwise."""

    hard: int = size_of(SIZES["PFNB_MAX_PAYLOAD"].default, "PFNB_MAX_PAYLOAD")
    """A longer body is refused (413)."""
    webhook: int = hard
    """The limit of a webhook that sets none, and of an unknown webhook."""
    memory: int = 64 * 1024
    """A longer body goes to a spool file while it arrives."""
    json: int = 512 * 1024
    """A longer JSON body is not searched for `uuid` and `token`; name such a webhook in the query or a header.

    Senders of long bodies can also put the uuid into the URL, and parsing megabytes for strangers would block everybody else.
    """
    form: int = 4 * 1024 * 1024
    """A longer url-encoded body is kept as bytes, without fields."""
    fields: int = 10_000
    """More names and values than this in a query are refused (400), and a form with more is kept as bytes, without fields. A
    count."""
    fields_held: int = 1024 * 1024
    """Total bytes of a multipart body's fields. A field beyond that is kept as a file, which is read when needed."""
    parts: int = 5_000
    """More parts in a multipart body are refused (400). A count."""
    part_headers: int = 100
    """More header lines in one part are refused (400). A count."""
    part_header: int = 16 * 1024
    """More bytes of headers in one part are refused (400)."""
    query: int = 64 * 1024
    """A longer query string is refused (400); HTTP servers usually refuse it earlier."""

    @classmethod
    def chosen(cls, environ: Mapping[str, str], given: Mapping[str, object] | None = None) -> Limits:
        """The defaults, overridden by the environment, then by what is given. ParameterError for what is not a size, or too much
        for a webhook."""
        chosen: dict[str, int] = {}
        for variable in SIZES:
            for source, name in ((given or {}, setting_of(variable)), (environ, variable)):
                value = source.get(name)
                if value is not None and value != "":
                    chosen[variable] = size_of(value, name)
                    break
        hard = chosen.get("PFNB_MAX_PAYLOAD", cls.hard)
        webhook = chosen.get("PFNB_WEBHOOK_PAYLOAD", hard)
        if webhook > hard:
            raise ParameterError(
                f"webhook_payload is {size_text(webhook)}, but the hub accepts at most {size_text(hard)}: raise max_payload, too"
            )
        return cls(hard=hard, webhook=webhook)


@dataclass(frozen=True)
class RequestHead:
    """The head of a request, and the address it comes from. `path` is the part below the hub's address, as sent; `query` is the
    raw query string without `?`; `headers` are as received, in order; `addresses` are those under which the sender may know the
    request, without the query."""

    method: str
    query: str
    headers: tuple[tuple[str, str], ...]
    remote_address: str = ""
    path: str = ""
    addresses: tuple[str, ...] = ()


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
    """A request's bytes exactly as sent: in `data`, or in the file `path`, fsynced, which the receiver must remove."""

    size: int
    data: bytes | None
    path: Path | None


@dataclass(frozen=True)
class Received:
    """One request, read to its end and parsed as far as that is possible without its webhook.

    `names` are the uuids that may name the webhook, in order; `name` is the one that does: the first, until the hub chooses
    another. All else is complete: the `events_…` methods leave out what names the webhook, and `payload.event_object` leaves it
    out of a JSON payload. `headers` have lower-case names, repeated ones joined by ", "; `fields` are those of a form or of a
    multipart body; `path` is the part below the hub's address. `path` and `raw_query` are as sent;
    `addresses` are those of the request's head.
    """

    names: tuple[Name, ...]
    name: Name | None
    method: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    content_type: str
    body: Body
    fields: dict[str, list[str]]
    files: tuple[FilePart, ...]
    raw_query: str = ""
    remote_address: str = ""
    path: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def token(self) -> str | None:
        """The canonical uuid that names the webhook."""
        return self.name and self.name.uuid

    @property
    def first_uuid(self) -> str | None:
        """The first uuid that may name the webhook. Answers tell its end: it must not depend on which webhooks there are."""
        return next((name.uuid for name in self.names if not name.is_path), None)

    def events_query(self) -> tuple[dict[str, list[str]], str]:
        """The query as stored with an event, parsed and raw. Left out: `wait` and `timeout`, which are for the hub, and every
        occurrence of what names the webhook, which is a secret."""
        kept = {
            name: values
            for name, values in without_names(self.query, (self.token,)).items()
            if name not in _FOR_THE_HUB
        }
        return kept, self.raw_query if kept == self.query else without_pairs(
            one_query(self.raw_query), self._is_left_out
        )

    def events_fields(self) -> dict[str, list[str]]:
        """The form's fields as stored with an event, without what names the webhook."""
        return without_names(self.fields, (self.token,))

    def events_headers(self) -> dict[str, str]:
        """The headers as stored with an event, without what names the webhook: masked where a proxy or a browser tells the
        address of the request."""
        if self.token is None:
            return self.headers
        kept = {name: self._masked(value) for name, value in self.headers.items()}
        if "token" in self.headers:
            others = [one for one in self.headers["token"].split(", ") if canonical_uuid(one) != self.token]
            kept = {name: value for name, value in kept.items() if name != "token" or others}
            kept.update({"token": ", ".join(others)} if others else {})
        return kept

    def _masked(self, value: str) -> str:
        if self.token is None or self.token not in value.lower():
            return value
        return re.sub(self.token, masked_uuid(self.token), value, flags=re.IGNORECASE)

    def _is_left_out(self, name: str, value: str) -> bool:
        return name in _FOR_THE_HUB or is_one_of((self.token,), name, value)
