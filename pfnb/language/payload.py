"""The body of a listening pipeline: the event, with helpful errors for payloads that are often misread."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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

    `origin` and `target` of its payload are also keys of the body itself; a property's JSON value is parsed in both places.
    """
    return _with_sides(copied(dict(event)))


def message_body(event: Mapping[str, Any]) -> Any:
    """A copy of the payload of an event that is read as a message."""
    return event_body(event)["payload"]


def is_event_body(value: Any, event: Mapping[str, Any]) -> bool:
    """Whether a value is what `event_body` returns for this event."""
    return isinstance(value, dict) and value == _with_sides(dict(event))


def batch_body(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body of a pipeline that handles several events at once."""
    return {"events": [event_body(one) for one in events]}


def is_batch_body(value: Any, events: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a value is what `batch_body` returns for these events, or for those of them that a filter has left."""
    if not isinstance(value, dict) or value.keys() != {"events"} or not isinstance(value["events"], list):
        return False
    ids = [one.get("id") if isinstance(one, dict) else None for one in value["events"]]
    left = [one for one in events if one["id"] in ids]
    return len(left) == len(ids) and all(map(is_event_body, value["events"], left))


def _with_sides(body: dict[str, Any]) -> dict[str, Any]:
    payload = body.get("payload")
    if isinstance(payload, dict):
        body |= {side: payload[side] for side in _SIDES if side in payload}
        if payload.keys() == _ENCODED_KEYS:
            body["payload"] = EncodedPayload(payload)
        elif str(body.get("eventKey")).startswith(_PROPERTY):
            read = {side: _read(payload.get(side)) for side in _SIDES}
            body |= {**read, "payload": {**payload, **read}}
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
