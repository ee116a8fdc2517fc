"""What a listening pipeline gets as its body: the event, with a payload that explains itself where it is often misread."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

_ENCODED_KEYS = {"origin", "contentType", "contentLength"}
_SIDES = ("origin", "target")
"""What was there before something changed, and after."""
_PROPERTY = "property."


class EncodedPayload(dict[str, Any]):
    """The payload of a webhook with payloadType=base64, the documented default."""

    missing_key_hint = "this payload is base64, and its fields cannot be read: put the webhook with payloadType=raw"


def event_body(event: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an event object that a run may change as it likes.

    `origin` and `target` of its payload are at hand in the body itself, too; of a property with its JSON read.
    """
    body = copy.deepcopy(dict(event))
    payload = body.get("payload")
    if isinstance(payload, dict):
        body |= {side: payload[side] for side in _SIDES if side in payload}
        if payload.keys() == _ENCODED_KEYS:
            body["payload"] = EncodedPayload(payload)
        elif str(body.get("eventKey")).startswith(_PROPERTY):
            body |= {side: _read(body.get(side)) for side in _SIDES}
    return body


def _read(side: Any) -> Any:
    """A property with its value as JSON, if it is; for a moved one its path."""
    value = side.get("value") if isinstance(side, dict) else None
    if not isinstance(value, str):
        return side
    try:
        return {**side, "value": json.loads(value)}
    except (ValueError, RecursionError):
        return side
