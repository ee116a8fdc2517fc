"""A webhook: a secret uuid and the event key it fires."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pfnb.exceptions import ParameterError

PayloadType = Literal["base64", "raw", "outbound", "ignore"]
PAYLOAD_TYPES: tuple[str, ...] = get_args(PayloadType)
DEFAULT_MAX_PAYLOAD_LENGTH = 512_000

RECEIVE = "/api/v3/command/webhook.receive"
"""Where webhooks are received, below the hub's address."""

_EVENT_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Webhook:
    """`uuid` is the secret; times are milliseconds since the epoch. `expires` is when a uuid that was rotated fires its last
    event, None for one that was not."""

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

    def __repr__(self) -> str:
        return f"Webhook(…{self.uuid[-6:]}, {self.event_key!r})"

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


def check_event_key(key: str) -> str:
    """The key itself; ParameterError when it cannot be routed as a topic."""
    if not _EVENT_KEY.fullmatch(key) or len(key) > 255:
        raise ParameterError(
            f"{key[:60]!r} is no event key: use words of letters, digits, - and _ joined by dots, "
            "such as webhook.lead.created"
        )
    return key
