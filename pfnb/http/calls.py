"""What a kernel's session may ask of the hub: the language's port, and the life of its listeners and deliveries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError, validate_call

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError
from pfnb.http.site import Site
from pfnb.hub.delivery import Listener, Outcome
from pfnb.hub.event import Event
from pfnb.hub.feed import Worker
from pfnb.hub.hub import now
from pfnb.language.port import User

MAX_CONCURRENCY = 64
MAX_NAME = 200


class Calls:
    """The calls of one session. `since` is the order of the newest event when the session first began."""

    def __init__(self, site: Site, worker: Worker, owner: str, notebook: str, *, since: int | None) -> None:
        self._hub = site.hub
        self._worker = worker
        self._owner = owner
        self._notebook = notebook
        self.since = site.hub.last_seq if since is None else since
        access = site.access(User(owner))
        methods: dict[str, Callable[..., Awaitable[Any]]] = {
            "put_webhook": access.put_webhook,
            "get_webhooks": access.get_webhooks,
            "delete_webhook": access.delete_webhook,
            "rotate_webhook": access.rotate_webhook,
            "webhook_logs": access.webhook_logs,
            "send_event": access.send_event,
            "read_content": access.read_content,
            "register_listener": self.register_listener,
            "unregister_listener": self.unregister_listener,
            "list_listeners": self.list_listeners,
            "next_event": self.next_event,
            "read_event": self.read_event,
            "finish_delivery": self.finish_delivery,
        }
        self._methods = {name: validate_call(method) for name, method in methods.items()}

    async def run(self, method: str, arguments: dict[str, Any]) -> Any:
        """Call by name. ParameterError for a name or arguments that there are not."""
        found = self._methods.get(method)
        if found is None:
            raise ParameterError(f"a session has no call {method!r}: it has {', '.join(self._methods)}")
        try:
            return await found(**arguments)
        except ValidationError as error:
            raise ParameterError(f"{method}: {error.errors(include_url=False)[0]['msg']}") from error

    async def register_listener(
        self, name: str, pattern: str, source: str = "", replace: bool = False, concurrency: int = 1
    ) -> None:
        if not name or len(name) > MAX_NAME:
            raise ParameterError(f"a pipeline's name has 1 to {MAX_NAME} characters")
        if not 1 <= concurrency <= MAX_CONCURRENCY:
            raise ParameterError(f"concurrency is from 1 to {MAX_CONCURRENCY}, not {concurrency}")
        listener = Listener(name, pattern, self._owner, self._notebook, now(), source, concurrency)
        await self._hub.register(listener, self._worker, replace=replace)

    async def unregister_listener(self, name: str) -> None:
        self._mine(self._hub.listeners.get(name))
        await self._hub.unregister(name)

    async def list_listeners(self) -> list[dict[str, Any]]:
        pending = await self._hub.store.pending_counts()
        return [
            {
                "name": listener.name,
                "pattern": listener.pattern,
                "notebook": listener.notebook,
                "owner": listener.owner,
                "connected": self._hub.dispatcher.connected(listener.name),
                "pending": pending.get(listener.name, 0),
                "created": listener.created,
            }
            for listener in self._hub.listeners.all()
            if listener.owner == self._owner
        ]

    async def next_event(
        self,
        key: str,
        since: int | None = None,
        exclude: list[str] | None = None,
        timeout: float = 10.0,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        mine = [one.name for one in self._hub.listeners.all() if one.notebook == self._notebook]
        begun = self.since if since is None else since
        event = await self._hub.next_event(key, since=begun, exclude=exclude or [], listeners=mine, seconds=timeout)
        return await self._row(event)

    async def read_event(self, id: str) -> dict[str, Any]:  # noqa: A002  # the protocol's name
        event = await self._hub.store.event(id)
        if event is None:
            raise NotFoundError(f"there is no event {id}")
        return await self._row(event)

    async def _row(self, event: Event) -> dict[str, Any]:
        row = (await self._hub.log_entries([event]))[0]
        return {**row, "event": await self._hub.event_object(event)}

    async def finish_delivery(
        self,
        delivery: int,
        lease: str,
        status: str,
        value: Any = None,
        response: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
        steps: list[dict[str, Any]] | None = None,
        skipped: bool = False,
    ) -> None:
        outcome = Outcome(status == "succeeded", value, response, error, tuple(steps or ()))
        await self._hub.dispatcher.finish(delivery, lease, outcome, skipped=skipped)

    def _mine(self, listener: Listener) -> None:
        if listener.owner != self._owner:
            raise AccessDeniedError(f"the pipeline {listener.name} belongs to {listener.owner}")
