"""Webhooks, listeners, endpoints, accounts, refused requests and secrets in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfnb.hub.records.delivery import FINAL
from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.records.secret import SecretRecord
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.changes import ListenerChange
from pfnb.hub.stores.memory.tables import Tables
from pfnb.hub.stores.store import DELETED


class MemoryRegistry:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def save_webhooks(self, *webhooks: Webhook, secrets: Sequence[SecretRecord] = ()) -> None:
        self._tables.webhooks.update((webhook.uuid, webhook) for webhook in webhooks)
        await self.save_secrets(secrets)

    async def delete_webhook(self, uuid: str, now: int, secrets: Sequence[SecretRecord] = ()) -> None:  # noqa: ARG002
        await self.save_secrets(secrets)
        gone = self._tables.webhooks.pop(uuid, None)
        if gone is not None:
            self._tables.retired[uuid] = gone.owner

    async def retired_by(self, uuid: str) -> str | None:
        return self._tables.retired.get(uuid)

    async def save_refusals(self, records: Mapping[str, dict[str, Any]]) -> None:
        self._tables.refusals.update(records)

    async def save_secrets(self, records: Sequence[SecretRecord]) -> None:
        for one in records:
            if one.sealed is None:
                self._tables.secrets.pop((one.owner, one.name), None)
            else:
                self._tables.secrets[one.owner, one.name] = one

    async def change_listeners(self, change: ListenerChange) -> None:
        listeners, deliveries = self._tables.listeners, self._tables.deliveries
        for name in change.names:
            listeners.pop(name, None)
        listeners.update((listener.name, listener) for listener in change.saved)
        for one in [one for one in deliveries.values() if one.status not in FINAL]:
            if one.listener in change.removed:
                deliveries[one.id] = replace(one, status="dead", error={"statusMessage": DELETED})
            elif one.listener in change.renamed:
                deliveries[one.id] = replace(one, listener=change.renamed[one.listener])

    async def save_endpoint(self, endpoint: Endpoint, secrets: Sequence[SecretRecord] = ()) -> None:
        self._tables.endpoints[endpoint.id] = endpoint
        await self.save_secrets(secrets)

    async def delete_endpoint(self, endpoint: Endpoint, secrets: Sequence[SecretRecord] = ()) -> None:
        self._tables.endpoints.pop(endpoint.id, None)
        await self.save_secrets(secrets)
        await self.change_listeners(ListenerChange(removed=[endpoint.name]))

    async def save_identities(self, records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> None:
        for kind, name, record in records:
            if record is None:
                self._tables.identities.pop((kind, name), None)
            else:
                self._tables.identities[kind, name] = record

    async def change_owner(self, owner: str, to: str) -> None:
        tables = self._tables
        for event in [one for one in tables.events.values() if one.owner == owner]:
            tables.events[event.id] = replace(event, owner=to)
        for mine in [one for one in tables.properties.values() if one.owner == owner]:
            tables.properties[mine.uuid] = replace(mine, owner=to)
        for attached, body in [pair for pair in tables.attachments.values() if pair[0].owner == owner]:
            tables.attachments[attached.id] = (replace(attached, owner=to), body)
        for uuid in [uuid for uuid, one in tables.retired.items() if one == owner]:
            tables.retired[uuid] = to
