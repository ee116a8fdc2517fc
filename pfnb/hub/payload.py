"""What of a stored request a pipeline sees (the event object) and what the log of a webhook shows.

The shapes are those of the design's sections 5.2 and 6. Nothing is decoded twice: file bytes stay in the store and are
named by content references.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pfnb.hub.body_json import may_be_json, parse_json
from pfnb.hub.event import Event
from pfnb.hub.form import FORM
from pfnb.hub.form_header import known_charset, media_type, parameter
from pfnb.hub.request import FilePart
from pfnb.language.content import content_reference

_TEXT_SUBTYPE = re.compile(
    r"(.*\+)?(json|xml|yaml)|x-yaml|toml|(x-)?ndjson|jsonl|javascript|ecmascript|sql|graphql|jwt|x-www-form-urlencoded"
)
_OCTETS = "application/octet-stream"


def event_object(record: Event, *, payload_type: str, body: bytes) -> dict[str, Any]:
    """The body of a listening pipeline. `payload_type` is the webhook's; `body` the stored bytes.

    A JSON key that named the webhook is left out of a parsed payload, not out of `body`.
    """
    return {
        "id": record.id,
        "eventKey": record.event_key,
        "namespace": record.namespace,
        "traceId": record.trace_id,
        "correlationId": record.correlation_id,
        "async": True,
        "created": record.created,
        "method": record.method,
        "query": _plain(record.query),
        "headers": dict(record.headers),
        "payload": _payload(record, payload_type, body),
    }


def needs_body(record: Event) -> bool:
    """Whether `event_object` looks at the body at all: it need not be read back for a payload that only refers to it."""
    return record.payload_type != "ignore" and media_type(record.content_type) != "multipart/form-data"


def log_entry(
    record: Event, body: bytes | None, deliveries: Sequence[Mapping[str, Any]], status: str = "accepted"
) -> dict[str, Any]:
    """A row of `webhook.receive.logs`; without `body`, one that leaves the bytes out.

    `deliveries` are `{"listener", "status", "attempts", "error"}`; `status` is that of the event as a whole.
    """
    entry: dict[str, Any] = {
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
        "deliveries": [dict(delivery) for delivery in deliveries],
    }
    if body is not None:
        entry["body"] = base64.b64encode(body).decode("ascii")
    return entry


def _payload(record: Event, payload_type: str, body: bytes) -> Any:
    if payload_type == "ignore":
        return None
    if media_type(record.content_type) == "multipart/form-data":
        children = [_file_reference(record.id, index, file) for index, file in enumerate(record.files)]
        return {"path": "/", "children": children, "fields": _plain(record.fields)}
    if payload_type == "raw":
        return _raw(record, body)
    if payload_type == "outbound":
        return _body_reference(record, body)
    origin = base64.b64encode(body).decode("ascii")
    return {"origin": origin, "contentType": record.content_type, "contentLength": len(body)}


def _raw(record: Event, body: bytes) -> Any:
    kind = media_type(record.content_type)
    if not body:
        return _plain(record.query)
    if may_be_json(kind, body):
        try:
            return _without_name(record.named_by, parse_json(body))
        except ValueError:
            pass  # kept as text below, as the design promises for invalid JSON
    if kind == FORM:
        return _plain(record.fields)
    text = _text(record.content_type, body) if _is_text(kind) else None
    return _body_reference(record, body) if text is None else text


def _without_name(named_by: str, value: Any) -> Any:
    place, _, name = named_by.partition(".")
    if place == "json" and isinstance(value, dict):
        value.pop(name, None)
    return value


def _is_text(kind: str) -> bool:
    main, _, subtype = kind.partition("/")
    return main == "text" or not subtype or (main == "application" and _TEXT_SUBTYPE.fullmatch(subtype) is not None)


def _text(content_type: str, body: bytes) -> str | None:
    """The body in its declared charset, UTF-8 if none (that we know) is declared; None if it is not written in it."""
    try:
        return body.decode(known_charset(parameter(content_type, "charset")) or "utf-8")
    except UnicodeDecodeError:
        return None


def _plain(values: Mapping[str, list[str]]) -> dict[str, str | list[str]]:
    return {name: listed[0] if len(listed) == 1 else list(listed) for name, listed in values.items()}


def _file_reference(event_id: str, index: int, file: FilePart) -> dict[str, Any]:
    return content_reference(
        f"{event_id}.{index}",
        name=file.filename,
        field=file.field,
        content_type=file.content_type,
        size=file.size,
        sha256=file.sha256,
    )


def _body_reference(record: Event, body: bytes) -> dict[str, Any]:
    return content_reference(
        record.id,
        name="body",
        content_type=record.content_type or _OCTETS,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
    )
