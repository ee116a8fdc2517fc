"""A feed: hands one listener's deliveries to the workers that serve it, and knows which of them has which."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from pfnb.exceptions import AccessDeniedError
from pfnb.hub.backlog import Backlog, Waiting
from pfnb.hub.delivery import Delivery, Listener
from pfnb.hub.event import Event
from pfnb.hub.stores.store import Store


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery on its way: `lease` must come back with its end; a result under another lease is refused."""

    listener: Listener
    delivery: Delivery
    event: Event
    body: bytes | None
    lease: str


class Worker(Protocol):
    """Where a listener's pipeline runs, such as a kernel's session. `session` names the process behind it, which may come
    back with another worker when its connection broke."""

    @property
    def session(self) -> str: ...

    async def deliver(self, job: Job) -> None:
        """Hand over a delivery; its end is reported to `Dispatcher.finish`."""

    def revoke(self, listener: str) -> None:
        """Another worker serves this listener now."""


@dataclass(eq=False, slots=True)
class Held:
    """A delivery that a worker has. `ended` lets its place be taken; `reported`: its end is on the way into the store."""

    waiting: Waiting
    worker: Worker
    lease: str = field(default_factory=lambda: secrets.token_hex(8))
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reported: bool = False


class Feed:
    """Several workers share the deliveries of a listener. Of a strict one there is only one out at once, whoever has it."""

    def __init__(self, listener: Listener, store: Store, changed: Callable[[int], None]) -> None:
        self.listener = listener
        self.running: dict[int, Held] = {}
        self.backlog = Backlog(listener, store, self.running)
        self._changed = changed
        self._turn: AbstractAsyncContextManager[None] = asyncio.Lock() if listener.strict else nullcontext()
        self._tasks: dict[Worker, list[asyncio.Task[None]]] = {}

    @property
    def workers(self) -> list[Worker]:
        return list(self._tasks)

    def join(self, worker: Worker, concurrency: int) -> None:
        """The worker gets deliveries from now on, so many at once."""
        self._tasks[worker] = [
            asyncio.create_task(self._serve(worker), name=f"pfnb feed {self.listener.name}") for _ in range(concurrency)
        ]

    async def leave(self, worker: Worker) -> set[int]:
        """The worker gets nothing more; whoever is next gets what it had, which is returned, as another attempt."""
        cut_off = [held for held in self.running.values() if held.worker is worker and not held.reported]
        for held in cut_off:
            del self.running[held.waiting.delivery.id]
            self._changed(held.waiting.event.seq)
        # Before its tasks end: of a strict listener, the next one must not be taken before these.
        self.backlog.give_back([held.waiting.after_attempt() for held in cut_off])
        tasks = self._tasks.pop(worker, [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return {held.waiting.delivery.id for held in cut_off}

    def report(self, delivery: int, lease: str) -> Held:
        """The end of a run is here. AccessDeniedError when the delivery was handed to somebody else meanwhile."""
        held = self.running.get(delivery)
        if held is None or held.lease != lease or held.reported:
            raise AccessDeniedError(f"delivery {delivery} is no longer yours: it was handed out again")
        held.reported = True
        return held

    def unreport(self, held: Held) -> None:
        """Its end could not be stored: the worker may report it again, or else another one gets it."""
        held.reported = False
        if held.worker not in self._tasks:
            del self.running[held.waiting.delivery.id]
            self.backlog.give_back([held.waiting])

    def end(self, held: Held, not_before: int | None) -> None:
        """Its end is stored: for good, or to be tried again at this time."""
        del self.running[held.waiting.delivery.id]
        if not_before is not None:
            self.backlog.try_again(held.waiting.after_attempt(not_before))
        held.ended.set()

    async def _serve(self, worker: Worker) -> None:
        while True:
            async with self._turn:
                waiting = await self.backlog.take()
                held = self.running[waiting.delivery.id] = Held(waiting, worker)
                self._changed(waiting.event.seq)
                await worker.deliver(Job(self.listener, waiting.delivery, waiting.event, waiting.body, held.lease))
                await held.ended.wait()
