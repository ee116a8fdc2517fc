"""What a pipeline sees of a stored request (the event object), and what a webhook's log shows.

The shapes are those of the design's sections 5.2 and 6. Nothing is decoded twice: file bytes stay in the store and are
named by content references.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.hub.receiving.body_json import may_be_json, parse_json
from pfnb.hub.receiving.form import FORM
from pfnb.hub.receiving.naming import is_one_of
from pfnb.hub.receiving.request import FilePart, Limits
from pfnb.hub.records.event import Event
from pfnb.language.charset import known_charset, named_charset, text_or_none
from pfnb.language.content import content_reference, parsed_without_codes, without_codes
from pfnb.language.encodings import codings, decoded
from pfnb.language.media_types import OCTETS, media_type
from pfnb.rows.content import ContentReference
from pfnb.rows.delivery import DeliveryRow
from pfnb.rows.event import Causation, EventObject, EventRow

_TEXT_SUBTYPE = re.compile(
    r"(.*\+)?(json|xml|yaml)|x-yaml|toml|(x-)?ndjson|jsonl|javascript|ecmascript|sql|graphql|jwt|x-www-form-urlencoded"
)
_BEGIN = 16
MOST_VALUES = 1_000_000
"""A JSON text with more values is passed to pipelines as a reference: parsed, it would fill the memory."""


Sign = Callable[[str], str]
"""Signs a content's id, so that a reference with it is genuine."""


class Looked:
    """What was learned of a body read in pieces: its size, its hash, and whether it is too much to parse."""

    def __init__(self) -> None:
        self.size = 0
        self.values = 0
        self.begin = b""
        self._digest = hashlib.sha256()

    @classmethod
    def at(cls, body: bytes) -> Looked:
        looked = cls()
        looked.take(body)
        return looked

    def take(self, piece: bytes) -> None:
        self.begin = (self.begin + piece[:_BEGIN])[:_BEGIN]
        self.size += len(piece)
        self.values += count_values(piece)
        self._digest.update(piece)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def count_values(text: bytes) -> int:
    """About how many values a JSON text has, never too few; commas and brackets within its strings count, too."""
    return sum(map(text.count, (b",", b"[", b"{")))


def is_referred_to(record: Event, looked: Looked) -> bool:
    """Whether a pipeline gets a reference instead of this body, which is long and not decoded."""
    if record.payload_type == "outbound":
        return True
    kind = media_type(record.content_type)
    if record.payload_type != "raw" or codings(record.headers):
        return False
    if may_be_json(kind, looked.begin):
        return looked.values > MOST_VALUES
    return not (kind == FORM or _is_text(kind))


def event_object(
    record: Event, *, payload_type: str, body: bytes, sign: Sign = str, looked: Looked | None = None
) -> EventObject:
    """The body of a listening pipeline. `payload_type` is the webhook's; `body` the stored bytes, not needed when the event
    refers to a body that was `looked` at.

    A JSON key that names the webhook is left out of a parsed payload, but stays in `body`. The only genuine references in a
    webhook's event are those made here with `sign`.
    """
    if record.webhook is not None:
        record = _without_codes(record)
    seen: EventObject = {
        "id": record.id,
        "eventKey": record.event_key,
        "namespace": record.namespace,
        "traceId": record.trace_id,
        "correlationId": record.correlation_id,
        "async": True,
        "created": record.created,
        "method": record.method,
        "path": dict(record.path),
        "query": _plain(record.query),
        "rawQuery": record.raw_query,
        "remoteAddress": record.remote_address,
        "headers": dict(record.headers),
        "payload": _payload(record, payload_type, body, sign) if looked is None else _reference(record, looked, sign),
    }
    if record.causation:
        seen["causation"] = _causation(record)
    return seen


def needs_body(record: Event) -> bool:
    """Whether `event_object` uses the body at all: a payload that only refers to it needs no read."""
    return record.payload_type != "ignore" and media_type(record.content_type) != "multipart/form-data"


def log_entry(
    record: Event, body: bytes | None, deliveries: Sequence[DeliveryRow], status: str = "accepted"
) -> EventRow:
    """A row of `webhook.receive.logs`; without `body`, the row has no bytes. `status` is that of the event as a whole."""
    entry: EventRow = {
        "id": record.id,
        "eventKey": record.event_key,
        "traceId": record.trace_id,
        "correlationId": record.correlation_id,
        "created": record.created,
        "method": record.method,
        "query": record.query,
        "status": status,
        "contentType": record.content_type,
        "contentLength": record.size,
        "headers": record.headers,
        "fields": record.fields,
        "files": [
            {
                "field": file.field,
                "filename": file.filename,
                "contentType": file.content_type,
                "size": file.size,
                "sha256": file.sha256,
            }
            for file in record.files
        ],
        "deliveries": list(deliveries),
    }
    if record.causation:
        entry["causation"] = _causation(record)
    if record.path:
        entry["path"] = record.path
    if record.raw_query:
        entry["rawQuery"] = record.raw_query
    if record.remote_address:
        entry["remoteAddress"] = record.remote_address
    if record.conflict is not None:
        entry["conflict"] = record.conflict
    if body is not None:
        entry["body"] = base64.b64encode(body).decode("ascii")
    return entry


def _causation(record: Event) -> Causation:
    return {"hops": len(record.causation), "keys": list(record.causation)}


def _payload(record: Event, payload_type: str, body: bytes, sign: Sign) -> Any:
    if payload_type == "ignore":
        return None
    if media_type(record.content_type) == "multipart/form-data":
        children = [_file_reference(sign(f"{record.id}.{index}"), file) for index, file in enumerate(record.files)]
        return {"path": "/", "children": children, "fields": _plain(record.fields)}
    if payload_type == "raw":
        return _raw(record, body, sign)
    if payload_type == "outbound":
        return _body_reference(record, body, sign)
    origin = base64.b64encode(body).decode("ascii")
    return {"origin": origin, "contentType": record.content_type, "contentLength": len(body)}


def _raw(record: Event, body: bytes, sign: Sign) -> Any:
    kind = media_type(record.content_type)
    if not body:
        return _plain(record.query)
    try:
        read = decoded(body, codings(record.headers))
    except PfnbError:
        return _body_reference(record, body, sign)  # loading it raises the error
    charset = _charset(record.content_type)
    if may_be_json(kind, read):
        if count_values(read) > MOST_VALUES:
            return _body_reference(record, body, sign)
        with suppress(ValueError):  # kept as text below, as the design promises for invalid JSON
            return _without_name(record.webhook, _parsed(record, read, charset))
    if kind == FORM and len(read) <= Limits.form:
        return _plain(record.fields)
    text = _text(record.content_type, read) if _is_text(kind) else None
    if text is None:
        return _body_reference(record, body, sign)
    return text if record.webhook is None else without_codes(text)


def _parsed(record: Event, body: bytes, charset: str | None) -> Any:
    value = parse_json(body, charset=charset)
    return value if record.webhook is None else parsed_without_codes(value, body)


def _without_codes(record: Event) -> Event:
    """The record without signature codes in what the sender wrote outside the body."""

    def listed(values: Mapping[str, list[str]]) -> dict[str, list[str]]:
        return {without_codes(name): [without_codes(text) for text in texts] for name, texts in values.items()}

    def described(file: FilePart) -> FilePart:
        field = None if file.field is None else without_codes(file.field)
        return replace(
            file, field=field, filename=without_codes(file.filename), content_type=without_codes(file.content_type)
        )

    return replace(
        record,
        path={name: without_codes(text) for name, text in record.path.items()},
        query=listed(record.query),
        raw_query=without_codes(record.raw_query),
        headers={name: without_codes(text) for name, text in record.headers.items()},
        fields=listed(record.fields),
        files=tuple(described(file) for file in record.files),
        content_type=without_codes(record.content_type),
    )


def _without_name(webhook: str | None, value: Any) -> Any:
    if webhook is not None and isinstance(value, dict):
        return {name: one for name, one in value.items() if not is_one_of((webhook,), name, one)}
    return value


def _is_text(kind: str) -> bool:
    main, _, subtype = kind.partition("/")
    return main == "text" or not subtype or (main == "application" and _TEXT_SUBTYPE.fullmatch(subtype) is not None)


def _charset(content_type: str) -> str | None:
    return known_charset(named_charset(content_type))


def _text(content_type: str, body: bytes) -> str | None:
    """The body in its declared charset, else in UTF-8, else in Latin-1. None if it decodes only as Latin-1 and has control
    characters, or if nothing says that it is text."""
    return text_or_none(body, _charset(content_type), latin=bool(media_type(content_type)))


def _plain(values: Mapping[str, list[str]]) -> dict[str, str | list[str]]:
    return {name: listed[0] if len(listed) == 1 else list(listed) for name, listed in values.items()}


def _file_reference(content_id: str, file: FilePart) -> ContentReference:
    return content_reference(
        content_id,
        name=file.filename,
        field=file.field,
        content_type=file.content_type,
        size=file.size,
        sha256=file.sha256,
    )


def _body_reference(record: Event, body: bytes, sign: Sign) -> ContentReference:
    return _reference(record, Looked.at(body), sign)


def _reference(record: Event, looked: Looked, sign: Sign) -> ContentReference:
    return content_reference(
        sign(record.id),
        name="body",
        content_type=record.content_type or OCTETS,
        size=looked.size,
        sha256=looked.sha256,
        encoding=", ".join(codings(record.headers)) or None,
    )
