"""The calls of a kernel's session: the language's port, and managing its listeners and deliveries."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from annotated_types import Interval

from pfnb.exceptions import AccessDeniedError, ParameterError
from pfnb.http.ports import Methods, Ports, called, finish_deliveries
from pfnb.http.protocol import OF_KERNELS
from pfnb.http.site import Site
from pfnb.http.wire import AS_USER
from pfnb.hub.access import NOWHERE
from pfnb.hub.clock import now
from pfnb.hub.dispatch.feed import Worker
from pfnb.hub.origin import Origin
from pfnb.hub.records.delivery import Listener
from pfnb.hub.records.event import Event
from pfnb.hub.records.query import EventFilter
from pfnb.language.checked import Checked
from pfnb.language.retry import retry_of
from pfnb.rows.delivery import Replayed
from pfnb.rows.event import EventPage, ReadEvent, WatchedEvents
from pfnb.rows.webhook import RefusedOfWebhook

MAX_CONCURRENCY = 64
MAX_NAME = 200
MAX_PAGE = 500
MAX_WATCH_SECONDS = 60
EVERY = EventFilter()
FINISH = "finish_deliveries"


class Calls:
    """The calls of one session. `since` is the seq of the newest event when the session first began."""

    def __init__(
        self, site: Site, worker: Worker, owner: str, notebook: str, *, since: int | None, origin: Origin = NOWHERE
    ) -> None:
        self._hub = site.hub
        self._site = site
        self._worker = worker
        self._owner = owner
        self._notebook = notebook
        self.since = site.hub.last_seq if since is None else since
        self._own: Methods = {name: Checked(name, getattr(self, name)) for name in OF_KERNELS if name != FINISH}
        self._own[FINISH] = Checked(FINISH, partial(finish_deliveries, self._hub))
        self._port = Ports(site, origin)

    async def run(self, method: str, arguments: dict[str, Any], data: bytes = b"") -> Any:
        """Call by name; `data` is the content for a method that takes one. ParameterError for an unknown name or arguments."""
        if method in self._own and AS_USER not in arguments:
            return await called(self._own, method, arguments, data)
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
        all_notebooks: bool = False,
    ) -> dict[str, Any]:
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
            all_notebooks,
        )
        await self._hub.register(listener, self._worker, replace=replace, resume=resume)
        return {"leftOut": self._hub.webhooks.left_out(listener)}

    async def unregister_listener(self, name: str) -> None:
        listener = self._hub.listeners.get(name)
        self._mine(listener)
        if listener.is_stored:
            await self._hub.properties.delete(name, self._owner)
        else:
            await self._hub.unregister(name)

    async def list_listeners(self) -> list[dict[str, Any]]:
        pending, hub = await self._hub.store.deliveries.pending_counts(), self._hub
        return [
            {
                "name": listener.name,
                "pattern": listener.pattern,
                "notebook": listener.notebook,
                "owner": listener.owner,
                "connected": self._hub.dispatcher.workers(listener.name) > 0,
                "workers": self._hub.dispatcher.workers(listener.name),
                "shared": listener.shared,
                "allNotebooks": listener.all_notebooks,
                "pending": pending.get(listener.name, 0),
                "lastMinute": hub.dispatcher.last_minute(listener.name),
                "created": listener.created,
                "source": listener.source,
                **({"problem": trouble} if (trouble := hub.trouble(listener)) else {}),
            }
            for listener in hub.listeners.all()
            if listener.owner == self._owner
        ]

    async def next_event(
        self,
        key: str,
        since: int | None = None,
        exclude: list[str] | None = None,
        seconds: float = 10.0,
    ) -> ReadEvent:
        mine = [one.name for one in self._hub.listeners.all() if one.notebook == self._notebook]
        begun = self.since if since is None else since
        event = await self._hub.history.next(
            key, owner=self._owner, since=begun, exclude=exclude or [], listeners=mine, seconds=seconds
        )
        return await self._row(event, body=True)

    async def list_events(
        self,
        filter: EventFilter = EVERY,  # noqa: A002  # the protocol's name
        before: int | None = None,
        limit: Annotated[int, Interval(ge=1, le=MAX_PAGE)] = 100,
    ) -> EventPage:
        return await self._hub.history.page(self._owner, filter, before, limit)

    async def watch_events(
        self,
        cursor: int | None = None,
        filter: EventFilter = EVERY,  # noqa: A002  # the protocol's name
        timeout: Annotated[float, Interval(ge=0, le=MAX_WATCH_SECONDS)] = 25.0,  # noqa: ASYNC109
        refused: int | None = None,
    ) -> WatchedEvents:
        seen = await self._hub.history.watch(self._owner, filter, cursor, timeout, refused)
        return {**seen, "refused": self._hub.refusals.number(self._owner, filter)}

    async def list_refused(self, filter: EventFilter = EVERY) -> list[RefusedOfWebhook]:  # noqa: A002  # the protocol's name
        return self._hub.refusals.of(self._owner, filter)

    async def read_event(self, id: str, body: bool = True) -> ReadEvent:  # noqa: A002  # the protocol's name
        return await self._row(await self._hub.history.event(id, self._owner), body=body)

    async def read_event_content(self, id: str, offset: int = 0, size: int | None = None) -> bytes:  # noqa: A002
        """The bytes of an event's body, or of its n-th file, whose id is `<id of the event>.<n>`."""
        return await self._hub.contents.read_event(id, self._owner, offset, size)

    async def _row(self, event: Event, *, body: bool) -> ReadEvent:
        (row,) = await self._hub.history.rows([event])
        if body:
            row = {**row, **(await self._hub.history.logs([event]))[0]}
        return {**row, "event": await self._hub.history.object(event)}

    async def replay_event(self, id: str, listener: str | None = None) -> Replayed:  # noqa: A002
        deliveries = await self._hub.replay(id, self._owner, listener)
        return {"deliveries": [{"id": str(one.id), "listener": one.listener} for one in deliveries]}

    def _mine(self, listener: Listener) -> None:
        if listener.owner != self._owner:
            raise AccessDeniedError(f"the pipeline {listener.name} belongs to {listener.owner}")
