"""A webhook: a secret uuid and the event key it fires."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pfnb.exceptions import ParameterError
from pfnb.hub.receiving.request import Limits
from pfnb.language.extent import shown
from pfnb.uuid_tail import masked_uuid

PayloadType = Literal["base64", "raw", "outbound", "ignore"]
PAYLOAD_TYPES: tuple[str, ...] = get_args(PayloadType)
DEFAULT_MAX_PAYLOAD_LENGTH = Limits.webhook

RECEIVE = "/api/v3/command/webhook.receive"
"""The path of webhooks below the hub's address."""

_EVENT_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Webhook:
    """`uuid` is the secret; times are milliseconds since the epoch. `expires` is when a rotated uuid stops firing, None for one
    that was not rotated. `notebooks` are those that have put it, the newest last; empty if it was created outside of
    notebooks."""

    uuid: str
    event_key: str
    owner: str
    created: int
    updated: int
    payload_type: str = "base64"
    max_payload_length: int = DEFAULT_MAX_PAYLOAD_LENGTH
    active: bool = True
    received: int = 0
    last_received: int | None = None
    expires: int | None = None
    notebooks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Webhook({masked_uuid(self.uuid)}, {self.event_key!r})"

    def accepts(self, now: int) -> bool:
        """Whether a request that names it fires its event."""
        return self.active and (self.expires is None or now < self.expires)

    def to_json(self, url: str) -> dict[str, Any]:
        """The webhook object of the HTTP API; `url` is the full address that fires it."""
        return {
            "eventKey": self.event_key,
            "uuid": self.uuid,
            "webhookUrl": url,
            "payloadType": self.payload_type,
            "maxPayloadLength": self.max_payload_length,
            "active": self.active,
            "created": self.created,
            "updated": self.updated,
            "lastReceived": self.last_received,
            "received": self.received,
            "expires": self.expires,
            "owner": self.owner,
        }


NOBODYS = Webhook("", "unknown", "", created=0, updated=0, payload_type="raw")
"""Stands in for a webhook when a request names no active one; it has the default limits."""


def check_event_key(key: object) -> str:
    """The key itself; ParameterError if it is not a text, or cannot be routed as a topic."""
    if not isinstance(key, str) or len(key) > 255 or not _EVENT_KEY.fullmatch(key):
        raise ParameterError(
            f"{shown(key)} is not a valid event key: use words of letters, digits, - and _ joined by dots, "
            "such as webhook.lead.created"
        )
    return key
