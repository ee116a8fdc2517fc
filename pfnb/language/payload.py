"""The body of a listening pipeline: the event, with helpful errors for payloads that are often misread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pfnb.language.plain_data import copied

_ENCODED_KEYS = {"origin", "contentType", "contentLength"}
_SIDES = ("origin", "target")
"""The state before a change, and after."""
_PROPERTY = "property."


class EncodedPayload(dict[str, Any]):
    """The payload of a webhook with payloadType=base64, the documented default."""

    missing_key_hint = "this payload is base64, so its fields cannot be read: set payloadType=raw on the webhook"


def event_body(event: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an event object that a run may change.

    `origin` and `target` of its payload are also keys of the body itself; a property's JSON value is parsed.
    """
    return _with_sides(copied(dict(event)))


def is_event_body(value: Any, event: Mapping[str, Any]) -> bool:
    """Whether a value is what `event_body` returns for this event."""
    return isinstance(value, dict) and value == _with_sides(dict(event))


def _with_sides(body: dict[str, Any]) -> dict[str, Any]:
    payload = body.get("payload")
    if isinstance(payload, dict):
        body |= {side: payload[side] for side in _SIDES if side in payload}
        if payload.keys() == _ENCODED_KEYS:
            body["payload"] = EncodedPayload(payload)
        elif str(body.get("eventKey")).startswith(_PROPERTY):
            body |= {side: _read(body.get(side)) for side in _SIDES}
    return body


def _read(side: Any) -> Any:
    """A property with its JSON value, if any, parsed; for a moved one its path."""
    value = side.get("value") if isinstance(side, dict) else None
    if not isinstance(value, str):
        return side
    try:
        return {**side, "value": json.loads(value)}
    except (ValueError, RecursionError):
        return side
