"""The hub as commands and magics of a notebook see it: the language's port, over a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pfnb.exceptions import HubUnreachableError
from pfnb.http.wire import AS_USER, OWNER
from pfnb.language.port import Exists, HubPort, User

NO_HUB = "there is no hub here yet: run %load_ext pfnb first"


class Caller(Protocol):
    """What a port needs of a session."""

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"", /) -> Any: ...


class ActingAs:
    """A session whose calls are made for a user other than the notebook's; the hub checks that they may be."""

    def __init__(self, session: Caller, username: str) -> None:
        self._session = session.session if isinstance(session, ActingAs) else session
        self._username = username

    @property
    def session(self) -> Caller:
        return self._session

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"", /) -> Any:
        return await self._session.call(method, {**arguments, AS_USER: self._username}, body)


class ForOwner:
    """A worker's session, for the pipelines of one owner."""

    def __init__(self, session: Caller, owner: str) -> None:
        self._session = session
        self._owner = owner

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"", /) -> Any:
        return await self._session.call(method, {**arguments, OWNER: self._owner}, body)


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

    async def read_pipeline(self, path: str) -> dict[str, Any]:
        pipeline: dict[str, Any] = await self._session.call("read_pipeline", {"path": path})
        return pipeline

    async def event_mappings(self) -> list[dict[str, Any]]:
        mappings: list[dict[str, Any]] = await self._session.call("event_mappings", {})
        return mappings

    async def iam(self, action: str, **fields: Any) -> Any:
        return await self._session.call("iam", {"action": action, "fields": fields})

    def as_user(self, user: User) -> SessionPort:
        return SessionPort(ActingAs(self._session, user.name))

    async def read_content(self, content_id: str, offset: int = 0, size: int | None = None) -> bytes:
        arguments = {"content_id": content_id, "offset": offset, "size": size}
        content: bytes = await self._session.call("read_content", arguments)
        return content

    async def put_content(self, data: bytes, *, name: str, content_type: str) -> dict[str, Any]:
        arguments = {"name": name, "content_type": content_type}
        reference: dict[str, Any] = await self._session.call("put_content", arguments, data)
        return reference

    async def get_property(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._session.call("get_property", {"path": path})
        return found

    async def list_properties(self, pattern: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._session.call("list_properties", {"pattern": pattern})
        return found

    async def put_property(self, path: str, fields: Mapping[str, Any], *, exists: Exists = "update") -> dict[str, Any]:
        arguments = {"path": path, "fields": dict(fields), "exists": exists}
        done: dict[str, Any] = await self._session.call("put_property", arguments)
        return done

    async def delete_properties(self, pattern: str, *, confirmed: bool = False) -> list[dict[str, Any]]:
        arguments = {"pattern": pattern, "confirmed": confirmed}
        gone: list[dict[str, Any]] = await self._session.call("delete_properties", arguments)
        return gone

    async def copy_property(self, path: str, to: str) -> dict[str, Any]:
        copied: dict[str, Any] = await self._session.call("copy_property", {"path": path, "to": to})
        return copied

    async def move_property(self, path: str, to: str) -> dict[str, Any]:
        moved: dict[str, Any] = await self._session.call("move_property", {"path": path, "to": to})
        return moved

    async def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = await self._session.call("describe", {})
        return described

    async def put_attachment(
        self, path: str, name: str, content: Mapping[str, Any], *, content_type: str | None = None
    ) -> dict[str, Any]:
        arguments = {"path": path, "name": name, "content": dict(content), "content_type": content_type}
        attachment: dict[str, Any] = await self._session.call("put_attachment", arguments)
        return attachment

    async def list_attachments(self, path: str) -> list[dict[str, Any]]:
        attachments: list[dict[str, Any]] = await self._session.call("list_attachments", {"path": path})
        return attachments

    async def delete_attachment(self, path: str, name: str) -> None:
        await self._session.call("delete_attachment", {"path": path, "name": name})

    async def put_cached(self, key: str, value: Any, *, seconds: float) -> dict[str, Any]:
        arguments = {"key": key, "value": value, "seconds": seconds}
        entry: dict[str, Any] = await self._session.call("put_cached", arguments)
        return entry

    async def get_cached(self, key: str, *, remove: bool = False) -> dict[str, Any] | None:
        entry: dict[str, Any] | None = await self._session.call("get_cached", {"key": key, "remove": remove})
        return entry

    async def list_cached(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = await self._session.call("list_cached", {})
        return entries

    async def next_event(self, key: str, *, since: int, exclude: Sequence[str], seconds: float) -> dict[str, Any]:
        """The log row of the oldest event of this key accepted after the order `since` whose id is not in `exclude`, with the
        event object as `event`, once its deliveries to this notebook have ended. WaitTimeoutError after `seconds`."""
        arguments = {"key": key, "since": since, "exclude": list(exclude), "timeout": seconds}
        row: dict[str, Any] = await self._session.call("next_event", arguments)
        return row

    async def list_events(
        self,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  # the protocol's name
        before: int | None = None,
        limit: int = 100,
    ) -> dict[str, Any]:
        """Log rows without bodies as `events`, newest first, each with its `seq`; `next` is where the following page begins
        (`before`), None at the end; `total` stands on the first page only, None where a text is looked for.

        The filter may have `key` (a topic pattern), `webhook`, `status` of any delivery, `text`, `since`, `until`. A page of a
        search for a text may be short, even empty, and go on at `next`.
        """
        arguments = {"filter": dict(filter or {}), "before": before, "limit": limit}
        page: dict[str, Any] = await self._session.call("list_events", arguments)
        return page

    async def watch_events(
        self,
        cursor: int | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  # the protocol's name
        timeout: float = 25.0,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        """Wait until events came or deliveries changed after `cursor`: `events` are their rows, newest first, whatever `status`
        the filter asks for, and `cursor` the next call's. Without a cursor it answers at once with the present one. `lost`: too
        much changed, or the hub is another; list again."""
        arguments = {"cursor": cursor, "filter": dict(filter or {}), "timeout": timeout}
        seen: dict[str, Any] = await self._session.call("watch_events", arguments)
        return seen

    async def read_event(self, id: str, body: bool = True) -> dict[str, Any]:  # noqa: A002
        """The log row of an event, with the event object as `event`; `body` is the base64 of the bytes. NotFoundError."""
        row: dict[str, Any] = await self._session.call("read_event", {"id": id, "body": body})
        return row

    async def replay_event(self, id: str, listener: str | None = None) -> dict[str, Any]:  # noqa: A002
        """Deliver it once more, to all that listen now or to the one named: `id` and `listener` of each of the new
        `deliveries`."""
        replayed: dict[str, Any] = await self._session.call("replay_event", {"id": id, "listener": listener})
        return replayed

    async def read_steps(self, delivery: str) -> list[dict[str, Any]]:
        """The step records of a delivery's last run."""
        steps: list[dict[str, Any]] = await self._session.call("read_steps", {"delivery": delivery})
        return steps

    async def list_runs(self, listener: str, limit: int = 100, before: str | None = None) -> list[dict[str, Any]]:
        """The newest deliveries of a listener, below the delivery `before`: id, eventId, eventKey, created, status, attempts,
        error."""
        arguments = {"listener": listener, "limit": limit, "before": before}
        runs: list[dict[str, Any]] = await self._session.call("list_runs", arguments)
        return runs

    async def list_listeners(self) -> list[dict[str, Any]]:
        """Of this owner: name, pattern, notebook, owner, connected, workers, shared, pending, created, source."""
        listeners: list[dict[str, Any]] = await self._session.call("list_listeners", {})
        return listeners


class NoSession:
    """Stands in before `%load_ext pfnb`: a pipeline that needs no hub runs, any other says what is missing."""

    async def call(self, *_call: object) -> Any:
        raise HubUnreachableError(NO_HUB)
