"""What a kernel's session may ask of the hub: the language's port, and the life of its listeners and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from annotated_types import Interval

from pfnb.exceptions import AccessDeniedError, ParameterError
from pfnb.http.ports import Methods, Ports, called, finish_delivery
from pfnb.http.site import Site
from pfnb.http.wire import AS_USER
from pfnb.hub.clock import now
from pfnb.hub.delivery import Listener
from pfnb.hub.event import Event
from pfnb.hub.feed import Worker
from pfnb.hub.query import EventFilter
from pfnb.language.checked import Checked
from pfnb.language.retry import retry_of

MAX_CONCURRENCY = 64
MAX_NAME = 200
MAX_PAGE = 500
MAX_WATCH_SECONDS = 60
EVERY = EventFilter()
WAITS = frozenset({"next_event", "watch_events"})
"""Calls that are answered when something happens."""


class Calls:
    """The calls of one session. `since` is the order of the newest event when the session first began."""

    def __init__(self, site: Site, worker: Worker, owner: str, notebook: str, *, since: int | None) -> None:
        self._hub = site.hub
        self._worker = worker
        self._owner = owner
        self._notebook = notebook
        self.since = site.hub.last_seq if since is None else since
        methods: Methods = {
            "register_listener": self.register_listener,
            "unregister_listener": self.unregister_listener,
            "list_listeners": self.list_listeners,
            "next_event": self.next_event,
            "list_events": self.list_events,
            "watch_events": self.watch_events,
            "read_event": self.read_event,
            "replay_event": self.replay_event,
            "read_steps": self.read_steps,
            "list_runs": self.list_runs,
            "finish_delivery": partial(finish_delivery, self._hub),
        }
        self._own: Methods = {name: Checked(name, method) for name, method in methods.items()}
        self._port = Ports(site)

    async def run(self, method: str, arguments: dict[str, Any], data: bytes = b"") -> Any:
        """Call by name; `data` is the content for a method that takes one. ParameterError for a name or arguments that there
        are not."""
        arguments = dict(arguments)
        methods = {**self._port.of(self._owner, arguments.pop(AS_USER, self._owner)), **self._own}
        return await called(methods, method, arguments, data)

    async def register_listener(
        self,
        name: str,
        pattern: str,
        source: str = "",
        replace: bool = False,
        resume: bool = False,
        concurrency: int = 1,
        shared: bool = False,
        strict: bool = False,
        retry: dict[str, Any] | None = None,
    ) -> None:
        if not name or len(name) > MAX_NAME:
            raise ParameterError(f"a pipeline's name has 1 to {MAX_NAME} characters")
        if not 1 <= concurrency <= MAX_CONCURRENCY:
            raise ParameterError(f"concurrency is from 1 to {MAX_CONCURRENCY}, not {concurrency}")
        listener = Listener(
            name,
            pattern,
            self._owner,
            self._notebook,
            now(),
            source,
            concurrency,
            self._worker.session,
            shared,
            strict,
            None if retry is None else retry_of(retry, "retry"),
        )
        await self._hub.register(listener, self._worker, replace=replace, resume=resume)

    async def unregister_listener(self, name: str) -> None:
        listener = self._hub.listeners.get(name)
        self._mine(listener)
        if listener.is_stored:
            await self._hub.properties.delete(name, self._owner)
        else:
            await self._hub.unregister(name)

    async def list_listeners(self) -> list[dict[str, Any]]:
        pending = await self._hub.store.pending_counts()
        return [
            {
                "name": listener.name,
                "pattern": listener.pattern,
                "notebook": listener.notebook,
                "owner": listener.owner,
                "connected": self._hub.dispatcher.workers(listener.name) > 0,
                "workers": self._hub.dispatcher.workers(listener.name),
                "shared": listener.shared,
                "pending": pending.get(listener.name, 0),
                "created": listener.created,
                "source": listener.source,
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
        event = await self._hub.history.next(
            key, owner=self._owner, since=begun, exclude=exclude or [], listeners=mine, seconds=timeout
        )
        return await self._row(event, body=True)

    async def list_events(
        self,
        filter: EventFilter = EVERY,  # noqa: A002  # the protocol's name
        before: int | None = None,
        limit: Annotated[int, Interval(ge=1, le=MAX_PAGE)] = 100,
    ) -> dict[str, Any]:
        return await self._hub.history.page(self._owner, filter, before, limit)

    async def watch_events(
        self,
        cursor: int | None = None,
        filter: EventFilter = EVERY,  # noqa: A002  # the protocol's name
        timeout: Annotated[float, Interval(ge=0, le=MAX_WATCH_SECONDS)] = 25.0,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        return await self._hub.history.watch(self._owner, filter, cursor, timeout)

    async def read_event(self, id: str, body: bool = True) -> dict[str, Any]:  # noqa: A002  # the protocol's name
        return await self._row(await self._hub.history.event(id, self._owner), body=body)

    async def _row(self, event: Event, *, body: bool) -> dict[str, Any]:
        (row,) = await self._hub.history.rows([event])
        if body:
            row = {**row, **(await self._hub.history.logs([event]))[0]}
        return {**row, "event": await self._hub.history.object(event)}

    async def replay_event(self, id: str, listener: str | None = None) -> dict[str, Any]:  # noqa: A002
        deliveries = await self._hub.replay(id, self._owner, listener)
        return {"deliveries": [{"id": str(one.id), "listener": one.listener} for one in deliveries]}

    async def read_steps(self, delivery: int) -> Sequence[dict[str, Any]]:
        return await self._hub.history.steps(delivery, self._owner)

    async def list_runs(
        self,
        listener: str,
        limit: Annotated[int, Interval(ge=1, le=MAX_PAGE)] = 100,
        before: int | None = None,
    ) -> Sequence[dict[str, Any]]:
        return await self._hub.history.runs(listener, self._owner, before, limit)

    def _mine(self, listener: Listener) -> None:
        if listener.owner != self._owner:
            raise AccessDeniedError(f"the pipeline {listener.name} belongs to {listener.owner}")
