"""A webhook: a secret uuid and the event key it fires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pfnb.commands.webhook_settings import WebhookSettings
from pfnb.hub.receiving.naming import GATEWAY, HOOK
from pfnb.rows.webhook import WebhookRow
from pfnb.uuid_tail import masked_uuid

RECEIVE = "/api/v3/command/webhook.receive"
"""The path of webhooks below the hub's address, as documented; a query, a header or the body names the webhook."""


@dataclass(frozen=True, slots=True)
class Webhook(WebhookSettings):
    """`uuid` is the secret; times are milliseconds since the epoch. `expires` is when a rotated uuid stops firing, None for one
    that was not rotated. `notebooks` are those that have put it, the newest last; empty if it was created outside of
    notebooks."""

    uuid: str
    owner: str
    created: int
    updated: int
    received: int = 0
    last_received: int | None = None
    expires: int | None = None
    notebooks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Webhook({masked_uuid(self.uuid)}, {self.event_key!r})"

    def accepts(self, now: int) -> bool:
        """Whether a request that names it fires its event."""
        return self.active and (self.expires is None or now < self.expires)

    def to_json(self, hub: str, refused: int) -> WebhookRow:
        """The webhook object of the HTTP API; `hub` is the hub's address, `refused` how many requests were."""
        row = {
            "eventKey": self.event_key,
            "uuid": self.uuid,
            "webhookUrl": f"{hub}{GATEWAY}/{self.path}" if self.path else f"{hub}{RECEIVE}?uuid={self.uuid}",
            "pathUrl": f"{hub}{HOOK}/{self.uuid}",
            **self.by_spelling(),
            "created": self.created,
            "updated": self.updated,
            "lastReceived": self.last_received,
            "received": self.received,
            "expires": self.expires,
            "owner": self.owner,
            "refused": refused,
        }
        return cast(WebhookRow, row)


NOBODYS = Webhook("", "", created=0, updated=0, event_key="unknown", payload_type="raw")
"""Stands in for a webhook when a request names no active one; it has the default limits."""
