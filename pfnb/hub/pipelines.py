"""Stored pipelines: properties that are pipelines. A broken one cannot be saved, unless all that it lacks is commands that only
PIPEFORCE has. One that listens becomes a listener when it is saved, and a worker process serves it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import cached_property, partial
from typing import TypeVar

from pfnb import commands
from pfnb.exceptions import NameTakenError
from pfnb.hub.dispatch.dispatcher import Dispatcher
from pfnb.hub.dispatch.feed import Worker
from pfnb.hub.dispatch.listeners import Listeners
from pfnb.hub.records.delivery import BY_SCHEDULE, Listener
from pfnb.hub.records.property import Property
from pfnb.hub.records.property_path import relative_path
from pfnb.hub.stores.changes import ListenerChange, PropertyChange
from pfnb.language.command import CommandRegistry
from pfnb.language.offload import maybe_threaded
from pfnb.language.pipeline import Pipeline
from pfnb.language.reading.parser import parse_stored
from pfnb.language.running.calls import LARGE
from pfnb.language.schedule import Schedule

T = TypeVar("T")
log = logging.getLogger("pfnb.hub")


class StoredPipelines:
    """`wanted` is set once a stored pipeline listens: then a worker is needed. `trouble` says why they do not run, if they do
    not."""

    def __init__(self, namespace: str, listeners: Listeners, dispatcher: Dispatcher, now: Callable[[], int]) -> None:
        self._namespace = namespace
        self._listeners = listeners
        self._dispatcher = dispatcher
        self._now = now
        self._worker: Worker | None = None
        self._turn = asyncio.Lock()
        self.wanted = asyncio.Event()
        self.trouble: str | None = None

    @cached_property
    def _registry(self) -> CommandRegistry:
        """The commands a worker can run: it is a process of its own, without the commands of a notebook."""
        return commands.registry.built_in()

    def opened(self) -> None:
        """The hub has read its listeners."""
        if any(listener.is_stored for listener in self._listeners.all()):
            self.wanted.set()

    async def listeners_of(self, change: PropertyChange) -> ListenerChange:
        """The effect of a change of properties on the listeners. Raises the error of `parse_stored` for the first broken
        pipeline, and NameTakenError where a notebook's pipeline has the path as its name."""
        now = {self._name(one.path): await self._listener(one) for one in change.saved}
        saved = [listener for listener in now.values() if listener is not None]
        moved = {self._name(path): self._name(to) for path, to in change.vacated.items() if to is not None}
        renamed = {old: new for old, new in moved.items() if self._is_stored(old) and now.get(new) is not None}
        touched = (*now, *map(self._name, change.vacated))
        removed = [name for name in touched if self._is_stored(name) and name not in renamed and now.get(name) is None]
        return ListenerChange([one for one in saved if one != self._listeners.find(one.name)], renamed, removed)

    async def change(self, change: ListenerChange, commit: Awaitable[T]) -> T:
        """Make this change once `commit` has stored it: runs of replaced pipelines are cut off, and the new ones get what
        waits. Returns the result of `commit`."""
        result = await self._listeners.change(change, commit)
        async with self._turn:
            for name in change.names:
                await self._dispatcher.forget(name)
            for listener in change.saved:
                self.wanted.set()
                await self._attach(listener)
        return result

    async def serve(self, worker: Worker) -> None:
        """The worker runs all stored pipelines from now on."""
        async with self._turn:
            self._worker = worker
            for listener in self._listeners.all():
                if listener.is_stored:
                    await self._attach(listener)

    def left(self, worker: Worker) -> None:
        """The worker has gone."""
        if self._worker is worker:
            self._worker = None

    async def _attach(self, listener: Listener) -> None:
        if self._worker is not None and self._listeners.find(listener.name) is listener:
            await self._dispatcher.attach(listener, self._worker, replace=True)

    async def _listener(self, found: Property) -> Listener | None:
        pipeline = await self._pipeline(found)
        if pipeline is None or (pipeline.listen is None and pipeline.job is None):
            return None
        name = self._name(found.path)
        held = self._listeners.find(name)
        if held is not None and not held.is_stored:
            raise NameTakenError(
                f"{name} is the name of a pipeline that listens in {held.notebook}: choose another path"
            )
        rules, is_job = pipeline.rules, pipeline.job is not None
        return Listener(
            name,
            BY_SCHEDULE if pipeline.listen is None else pipeline.listen.event_key,
            found.owner,
            notebook="",
            created=held.created if held is not None and held.is_job == is_job else self._now(),
            source=pipeline.source,
            concurrency=1 if is_job else rules.concurrency,
            strict=rules.strict,
            retry=pipeline.retry,
            gathering=rules.gathering,
        )

    async def schedule_of(self, job: Listener) -> Schedule:
        """When the stored pipeline of a job runs. Raises the errors of `parse_stored`."""
        pipeline = await maybe_threaded(True, partial(parse_stored, job.source, self._registry))
        assert pipeline.job is not None
        return pipeline.job

    async def _pipeline(self, found: Property) -> Pipeline | None:
        source = found.source
        if source is None or not found.is_pipeline:
            return None
        return await maybe_threaded(len(source) > LARGE, partial(self._checked, found.path, source))

    def _checked(self, path: str, source: str) -> Pipeline:
        pipeline = parse_stored(source, self._registry)
        if pipeline.obstacle is not None:
            log.warning("%s is stored, but cannot run: %s", path, pipeline.obstacle)
        return pipeline

    def _is_stored(self, name: str) -> bool:
        held = self._listeners.find(name)
        return held is not None and held.is_stored

    def _name(self, path: str) -> str:
        return relative_path(path, self._namespace)
