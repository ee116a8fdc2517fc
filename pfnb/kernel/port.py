"""The hub as commands and magics of a notebook see it: the language's port, over a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pfnb.exceptions import HubUnreachableError
from pfnb.language.port import HubPort

NO_HUB = "there is no hub here yet: run %load_ext pfnb first"


class Caller(Protocol):
    """What a port needs of a session."""

    async def call(self, method: str, arguments: Mapping[str, Any], /) -> Any: ...


class SessionPort(HubPort):
    """Implements the language's HubPort, and asks for what only notebooks want."""

    def __init__(self, session: Caller) -> None:
        self._session = session

    async def put_webhook(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        webhook: dict[str, Any] = await self._session.call("put_webhook", {"fields": dict(fields)})
        return webhook

    async def get_webhooks(self, *, uuid: str | None = None, event_key: str | None = None) -> list[dict[str, Any]]:
        arguments = {"uuid": uuid, "event_key": event_key}
        webhooks: list[dict[str, Any]] = await self._session.call("get_webhooks", arguments)
        return webhooks

    async def delete_webhook(self, uuid: str) -> dict[str, Any]:
        webhook: dict[str, Any] = await self._session.call("delete_webhook", {"uuid": uuid})
        return webhook

    async def rotate_webhook(self, uuid: str, *, overlap: float) -> dict[str, Any]:
        webhook: dict[str, Any] = await self._session.call("rotate_webhook", {"uuid": uuid, "overlap": overlap})
        return webhook

    async def webhook_logs(self, uuid: str, *, limit: int = 100, before: str | None = None) -> list[dict[str, Any]]:
        arguments = {"uuid": uuid, "limit": limit, "before": before}
        entries: list[dict[str, Any]] = await self._session.call("webhook_logs", arguments)
        return entries

    async def send_event(self, key: str, payload: Any = None, *, correlation_id: str | None = None) -> dict[str, Any]:
        arguments = {"key": key, "payload": payload, "correlation_id": correlation_id}
        sent: dict[str, Any] = await self._session.call("send_event", arguments)
        return sent

    async def read_content(self, content_id: str) -> bytes:
        content: bytes = await self._session.call("read_content", {"content_id": content_id})
        return content

    async def next_event(self, key: str, *, since: int, exclude: Sequence[str], seconds: float) -> dict[str, Any]:
        """The log row of the oldest event of this key accepted after the order `since` whose id is not in `exclude`, with the
        event object as `event`, once its deliveries to this notebook have ended. WaitTimeoutError after `seconds`."""
        arguments = {"key": key, "since": since, "exclude": list(exclude), "timeout": seconds}
        row: dict[str, Any] = await self._session.call("next_event", arguments)
        return row

    async def list_listeners(self) -> list[dict[str, Any]]:
        """Of this owner: name, pattern, notebook, owner, connected, pending, created."""
        listeners: list[dict[str, Any]] = await self._session.call("list_listeners", {})
        return listeners


class NoSession:
    """Stands in before `%load_ext pfnb`: a pipeline that needs no hub runs, any other says what is missing."""

    async def call(self, *_call: object) -> Any:
        raise HubUnreachableError(NO_HUB)
