"""What a listening pipeline gets as its body: the event, with a payload that explains itself where it is often misread."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

_ENCODED_KEYS = {"origin", "contentType", "contentLength"}


class EncodedPayload(dict[str, Any]):
    """The payload of a webhook with payloadType=base64, the documented default."""

    missing_key_hint = "this payload is base64, and its fields cannot be read: put the webhook with payloadType=raw"


def event_body(event: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an event object that a run may change as it likes."""
    body = copy.deepcopy(dict(event))
    payload = body.get("payload")
    if isinstance(payload, dict) and payload.keys() == _ENCODED_KEYS:
        body["payload"] = EncodedPayload(payload)
    return body
