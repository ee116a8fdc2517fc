"""What a kernel may ask of the hub beyond what commands may: its listeners, and its owner's events and their deliveries."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Interval

from pfnb.exceptions import AccessDeniedError, ParameterError
from pfnb.hub.clock import now
from pfnb.hub.dispatch.feed import Worker
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Listener
from pfnb.hub.records.event import Event
from pfnb.hub.records.query import EventFilter
from pfnb.language.gathering import gathering_of
from pfnb.language.retry import retry_of
from pfnb.rows.delivery import Replayed
from pfnb.rows.event import EventPage, ReadEvent, WatchedEvents
from pfnb.rows.listener import ListenerRow, Registered
from pfnb.rows.webhook import RefusedOfWebhook

MAX_CONCURRENCY = 64
MAX_NAME = 200
MAX_PAGE = 500
MAX_WATCH_SECONDS = 60
EVERY = EventFilter()


class KernelAccess:
    """`since` is the seq of the newest event when the kernel's session first began; None if it begins now."""

    def __init__(self, hub: Hub, worker: Worker, owner: str, notebook: str, since: int | None = None) -> None:
        self._hub = hub
        self._worker = worker
        self._owner = owner
        self._notebook = notebook
        self.since = hub.last_seq if since is None else since

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
        gathering: dict[str, Any] | None = None,
    ) -> Registered:
        if not name or len(name) > MAX_NAME:
            raise ParameterError(f"a pipeline's name must have 1 to {MAX_NAME} characters")
        if not 1 <= concurrency <= MAX_CONCURRENCY:
            raise ParameterError(f"concurrency must be from 1 to {MAX_CONCURRENCY}, not {concurrency}")
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
            gathering_of(gathering),
        )
        await self._hub.register(listener, self._worker, replace=replace, resume=resume)
        return {"leftOut": list(self._hub.webhooks.left_out(listener))}

    async def unregister_listener(self, name: str) -> None:
        listener = self._hub.listeners.get(name)
        self._mine(listener)
        if listener.is_stored:
            await self._hub.properties.delete(name, self._owner)
        else:
            await self._hub.unregister(name)

    async def list_listeners(self) -> list[ListenerRow]:
        pending = await self._hub.store.deliveries.pending_counts()
        return [self._listener_row(one, pending.get(one.name, 0)) for one in self._hub.listeners.of(self._owner)]

    def _listener_row(self, listener: Listener, pending: int) -> ListenerRow:
        dispatcher = self._hub.dispatcher
        row: ListenerRow = {
            "name": listener.name,
            "pattern": listener.pattern,
            "notebook": listener.notebook,
            "owner": listener.owner,
            "connected": dispatcher.workers(listener.name) > 0,
            "workers": dispatcher.workers(listener.name),
            "shared": listener.shared,
            "allNotebooks": listener.all_notebooks,
            "pending": pending,
            "lastMinute": dispatcher.last_minute(listener.name),
            "created": listener.created,
            "source": listener.source,
        }
        if trouble := self._hub.trouble(listener):
            row["problem"] = trouble
        return row

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
