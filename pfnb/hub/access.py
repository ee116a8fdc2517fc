"""The hub as one user's commands see it: the hub's own side of the language's port."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError
from pfnb.hub.hub import Hub
from pfnb.hub.iam import Iam
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.pipelines import is_pipeline, source_of
from pfnb.hub.webhook import RECEIVE, Webhook
from pfnb.language.calls import BY_UUID, PIPELINE_TYPE
from pfnb.language.content import content_id_of, content_reference
from pfnb.language.port import Exists, User

MAX_LOGS = 10_000
MAX_OVERLAP = 31 * 24 * 3600


class HubAccess:
    """`url` is the hub's address as this user's side reaches it: webhook addresses are built on it, or on the public one.
    `behind` are the users whose pipeline acts as this one: it still reads what its event brought."""

    def __init__(self, hub: Hub, user: User, url: str, behind: tuple[str, ...] = ()) -> None:
        self._hub = hub
        self._user = user
        self._behind = behind
        self._iam = Iam(hub.users, hub.audit, user)
        self._url = (hub.settings.public_url or url).rstrip("/")

    async def put_webhook(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        key = fields.get("eventKey")
        if key and not self._hub.webhooks.list(self._user.name, str(key)):
            self._hub.listeners.check_key(str(key), self._user.name)
        shown = self._show(await self._hub.webhooks.put(fields, self._user.name))
        if not _is_private_way(self._url):
            shown["warning"] = (
                "this webhookUrl is neither https nor on this machine: its secret can be read on the way to it"
            )
        return shown

    async def get_webhooks(self, *, uuid: str | None = None, event_key: str | None = None) -> list[dict[str, Any]]:
        if uuid is not None:
            return [self._show(self._hub.webhooks.get(uuid, self._user.name))]
        return [self._show(webhook) for webhook in self._hub.webhooks.list(self._user.name, event_key)]

    async def delete_webhook(self, uuid: str) -> dict[str, Any]:
        return {**self._show(await self._hub.webhooks.delete(uuid, self._user.name)), "active": False, "deleted": True}

    async def rotate_webhook(self, uuid: str, *, overlap: float) -> dict[str, Any]:
        if not 0 <= overlap <= MAX_OVERLAP:
            raise ParameterError(f"overlap is from 0 to {MAX_OVERLAP} seconds (a month), not {overlap:g}")
        return self._show(await self._hub.webhooks.rotate(uuid, self._user.name, overlap))

    async def webhook_logs(self, uuid: str, *, limit: int = 100, before: str | None = None) -> list[dict[str, Any]]:
        if not 1 <= limit <= MAX_LOGS:
            raise ParameterError(f"limit is from 1 to {MAX_LOGS}, not {limit}")
        webhook = self._hub.webhooks.get(uuid, self._user.name)
        return list(await self._hub.history.logs(await self._hub.store.events(webhook.uuid, limit, before)))

    async def send_event(self, key: str, payload: Any = None, *, correlation_id: str | None = None) -> dict[str, Any]:
        event = await self._hub.send(key, payload, owner=self._user.name, correlation_id=correlation_id)
        return {
            "id": event.id,
            "eventKey": event.event_key,
            "traceId": event.trace_id,
            "correlationId": event.correlation_id,
            "created": event.created,
        }

    async def read_pipeline(self, path: str) -> dict[str, Any]:
        listener = self._hub.listeners.find(path)
        if (listener is None or listener.is_stored) and ("/" in path or path.startswith(BY_UUID)):
            return await self._stored_pipeline(path)
        listener = self._hub.listeners.get(path)
        if listener.owner != self._user.name:
            raise AccessDeniedError(f"the pipeline {path} belongs to somebody else")
        return {"path": path, "source": listener.source}

    async def _stored_pipeline(self, path: str) -> dict[str, Any]:
        if path.startswith(BY_UUID):
            found = await self._hub.properties.by_uuid(path.removeprefix(BY_UUID), self._user.name)
        else:
            found = await self._hub.properties.get(path, self._user.name)
        source = source_of(found)
        if not is_pipeline(found) or source is None:
            raise NotFoundError(f"the property {path} is no pipeline: its type would be {PIPELINE_TYPE}")
        return {"path": found.path, "source": source}

    async def event_mappings(self) -> list[dict[str, Any]]:
        mine = (one for one in self._hub.listeners.all() if one.owner == self._user.name)
        return [{"eventKey": one.pattern, "pipeline": one.name, "notebook": one.notebook or None} for one in mine]

    async def iam(self, action: str, **fields: Any) -> Any:
        return await self._iam.do(action, fields)

    def as_user(self, user: User) -> HubAccess:
        return HubAccess(self._hub, user, self._url, (*self._behind, self._user.name))

    async def list_runs(self, listener: str, limit: int = 100, before: str | None = None) -> list[dict[str, Any]]:
        return list(await self._hub.history.runs(listener, self._user.name, _delivery(before), limit))

    async def read_steps(self, delivery: str) -> list[dict[str, Any]]:
        return list(await self._hub.history.steps(_delivery(delivery) or 0, self._user.name))

    async def read_content(self, content_id: str, offset: int = 0, size: int | None = None) -> bytes:
        if offset < 0 or (size is not None and size < 0):
            raise ParameterError("offset and size of a content are not negative")
        return await self._hub.contents.read(content_id, self._user.name, offset, size, behind=self._behind)

    async def put_content(self, data: bytes, *, name: str, content_type: str) -> dict[str, Any]:
        digest = await in_thread_if_large(len(data), lambda: hashlib.sha256(data).hexdigest())
        content_id = self._hub.contents.put(self._user.name, data)
        return content_reference(content_id, name=name, content_type=content_type, size=len(data), sha256=digest)

    async def get_property(self, path: str) -> dict[str, Any]:
        return (await self._hub.properties.get(path, self._user.name)).to_json()

    async def list_properties(self, pattern: str) -> list[dict[str, Any]]:
        return [one.to_json() for one in await self._hub.properties.find(pattern, self._user.name)]

    async def put_property(self, path: str, fields: Mapping[str, Any], *, exists: Exists = "update") -> dict[str, Any]:
        result, after = await self._hub.properties.put(path, fields, self._user.name, exists)
        return {"result": result, "property": after.to_json()}

    async def delete_properties(self, pattern: str, *, confirmed: bool = False) -> list[dict[str, Any]]:
        gone = await self._hub.properties.delete(pattern, self._user.name, confirmed=confirmed)
        return [one.to_json() for one in gone]

    async def copy_property(self, path: str, to: str) -> dict[str, Any]:
        return (await self._hub.properties.copy(path, to, self._user.name)).to_json()

    async def move_property(self, path: str, to: str) -> dict[str, Any]:
        return (await self._hub.properties.move(path, to, self._user.name)).to_json()

    async def describe(self) -> dict[str, Any]:
        return {"url": self._url, "namespace": self._hub.settings.namespace, "started": self._hub.started}

    async def put_attachment(
        self, path: str, name: str, content: Mapping[str, Any], *, content_type: str | None = None
    ) -> dict[str, Any]:
        content_id = content_id_of(content)
        if content_id is None:
            raise ParameterError("an attachment is made of a content reference")
        kind = content_type or content.get("contentType")
        return (await self._hub.attachments.put(path, name, content_id, kind, self._user.name)).to_json()

    async def list_attachments(self, path: str) -> list[dict[str, Any]]:
        return [one.to_json() for one in await self._hub.attachments.list(path, self._user.name)]

    async def delete_attachment(self, path: str, name: str) -> None:
        await self._hub.attachments.delete(path, name, self._user.name)

    async def put_cached(self, key: str, value: Any, *, seconds: float) -> dict[str, Any]:
        return self._hub.cache.put(self._user.name, key, value, seconds)

    async def get_cached(self, key: str, *, remove: bool = False) -> dict[str, Any] | None:
        return self._hub.cache.get(self._user.name, key, remove=remove)

    async def list_cached(self) -> list[dict[str, Any]]:
        return self._hub.cache.list(self._user.name)

    def _show(self, webhook: Webhook) -> dict[str, Any]:
        return webhook.to_json(f"{self._url}{RECEIVE}?uuid={webhook.uuid}")


def _delivery(number: str | None) -> int | None:
    if number is None or number.isdecimal():
        return None if number is None else int(number)
    raise ParameterError(f"a run is named by its number, not by {number!r}")


def _is_private_way(url: str) -> bool:
    """Whether nobody between here and there can read what is sent: https, or this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
