"""The hub's webhooks: kept in memory for the receiver, written through to the store."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError
from pfnb.hub.event import Event
from pfnb.hub.request import canonical_uuid
from pfnb.hub.stores.store import Store
from pfnb.hub.webhook import DEFAULT_MAX_PAYLOAD_LENGTH, PAYLOAD_TYPES, Webhook, check_event_key


class Webhooks:
    """`hard_limit` is the most bytes that any webhook may accept; `now` gives milliseconds since the epoch."""

    def __init__(self, store: Store, hard_limit: int, now: Callable[[], int]) -> None:
        self._store = store
        self._hard_limit = hard_limit
        self._now = now
        self._by_uuid: dict[str, Webhook] = {}
        self._counts: dict[str, tuple[int, int | None]] = {}

    def load(self, webhooks: Iterable[Webhook]) -> None:
        self._by_uuid = {webhook.uuid: webhook for webhook in webhooks}
        self._counts = {uuid: (one.received, one.last_received) for uuid, one in self._by_uuid.items()}

    def receiving(self, uuid: str | None) -> Webhook | None:
        """The active webhook of this uuid; None for whatever the receiver must not tell apart."""
        webhook = self._by_uuid.get(uuid or "")
        return webhook if webhook is not None and webhook.accepts(self._now()) else None

    def secrets(self) -> Collection[str]:
        """The uuids of all webhooks, whosever they are."""
        return self._by_uuid.keys()

    def count(self, event: Event) -> None:
        """Keep the counts in memory equal to what the store committed with this event."""
        if event.webhook in self._by_uuid:
            self._counts[event.webhook] = (self._counts[event.webhook][0] + 1, event.created)

    def get(self, uuid: str, owner: str) -> Webhook:
        """NotFoundError when there is none of this uuid; AccessDeniedError when it is somebody else's."""
        webhook = self._by_uuid.get(canonical_uuid(uuid) or "")
        if webhook is None:
            raise NotFoundError("there is no webhook of this uuid: `webhook.get` lists those there are")
        if webhook.owner != owner:
            raise AccessDeniedError(f"this webhook belongs to somebody else than {owner}")
        return self._counted(webhook)

    def list(self, owner: str, event_key: str | None = None) -> list[Webhook]:
        found = (webhook for webhook in self._by_uuid.values() if webhook.owner == owner)
        return [self._counted(webhook) for webhook in found if event_key is None or webhook.event_key == event_key]

    def _counted(self, webhook: Webhook) -> Webhook:
        received, last = self._counts[webhook.uuid]
        return replace(webhook, active=webhook.accepts(self._now()), received=received, last_received=last)

    async def put(self, fields: Mapping[str, Any], owner: str) -> Webhook:
        """Create a webhook, or update the one that `uuid` names. `fields` are those of `webhook.put`; others are kept."""
        uuid = self._uuid(fields.get("uuid"))
        existing = self.get(uuid, owner) if uuid in self._by_uuid else None
        given = {name: value for name, value in fields.items() if value is not None and name != "uuid"}
        now = self._now()
        if existing is None:
            if "eventKey" not in given:
                raise ParameterError("webhook.put needs eventKey: the key of the event that the webhook fires")
            existing = Webhook(uuid=uuid, event_key="", owner=owner, created=now, updated=now)
        webhook = replace(existing, updated=now, **self._checked(given))
        if given.get("active"):
            webhook = replace(webhook, expires=None)
        await self._save(webhook)
        return self._counted(webhook)

    async def rotate(self, uuid: str, owner: str, overlap: float) -> Webhook:
        """Give a webhook a new uuid, and let the old one work for `overlap` more seconds. Returns the webhook under its new
        uuid; what it has received so far stays under the old one. ParameterError if it is rotated or deactivated already."""
        old, now = self.get(uuid, owner), self._now()
        if old.expires is not None or not old.active:
            raise ParameterError(
                "only an active webhook that was not rotated yet can be rotated: rotate the new one instead"
            )
        new = replace(old, uuid=str(uuids.uuid4()), created=now, updated=now, received=0, last_received=None)
        await self._save(new, replace(old, updated=now, expires=now + round(overlap * 1000)))
        return self._counted(new)

    async def deactivate(self, uuid: str) -> bool:
        """Let a webhook fire no more, whosever it is; False if it did not anyway."""
        webhook = self.receiving(uuid)
        if webhook is None:
            return False
        await self._save(replace(webhook, updated=self._now(), active=False))
        return True

    async def _save(self, *webhooks: Webhook) -> None:
        await self._store.save_webhooks(*webhooks)
        for webhook in webhooks:
            self._by_uuid[webhook.uuid] = webhook
            self._counts.setdefault(webhook.uuid, (0, None))

    def _uuid(self, given: object) -> str:
        if given is None:
            return str(uuids.uuid4())
        uuid = canonical_uuid(given)
        if uuid is None:
            raise ParameterError(
                "uuid must be the text of an RFC 4122 uuid, such as 123e4567-e89b-42d3-a456-426614174000"
            )
        return uuid

    def _checked(self, given: dict[str, Any]) -> dict[str, Any]:
        checked: dict[str, Any] = {}
        if "eventKey" in given:
            checked["event_key"] = check_event_key(given["eventKey"])
        if "payloadType" in given:
            if given["payloadType"] not in PAYLOAD_TYPES:
                raise ParameterError(f"payloadType is one of {', '.join(PAYLOAD_TYPES)}, not {given['payloadType']!r}")
            checked["payload_type"] = given["payloadType"]
        if "maxPayloadLength" in given:
            if not 0 < given["maxPayloadLength"] <= self._hard_limit:
                raise ParameterError(
                    f"maxPayloadLength is from 1 to {self._hard_limit} bytes here (default {DEFAULT_MAX_PAYLOAD_LENGTH})"
                )
            checked["max_payload_length"] = given["maxPayloadLength"]
        if "active" in given:
            checked["active"] = given["active"]
        return checked

    async def delete(self, uuid: str, owner: str) -> Webhook:
        webhook = self.get(uuid, owner)
        await self._store.delete_webhook(webhook.uuid)
        self._by_uuid.pop(webhook.uuid, None)
        self._counts.pop(webhook.uuid, None)
        return webhook
