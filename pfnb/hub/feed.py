"""A feed: one listener's pending deliveries, handed in the order of their commit to the one worker that serves it."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pfnb.hub.delivery import Delivery, Listener
from pfnb.hub.event import Event
from pfnb.hub.stores.store import Store

PAGE = 100
MAX_READY = 200
SWEEP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that waits for its turn; `body` spares reading a small one back from the store."""

    delivery: Delivery
    event: Event
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery on its way: `lease` must come back with its end; a result under another lease is refused."""

    delivery: Delivery
    event: Event
    body: bytes | None
    lease: str


class Worker(Protocol):
    """Where a listener's pipeline runs, such as a kernel's session."""

    async def deliver(self, job: Job) -> None:
        """Hand over a delivery; its end is reported to `Dispatcher.finish`."""

    async def revoke(self, listener: str) -> None:
        """Another worker serves this listener now."""


class Feed:
    """At most `listener.concurrency` deliveries are with the worker at once; the others wait in the store.

    New deliveries come in memory as long as the worker keeps up, else (and after a restart) from the store, page by page.
    """

    def __init__(self, listener: Listener, worker: Worker, store: Store, changed: Callable[[int], None]) -> None:
        self.listener = listener
        self.worker = worker
        self.running: dict[int, Job] = {}
        self._ended: dict[int, asyncio.Event] = {}
        self._store = store
        self._changed = changed
        self._ready: deque[Waiting] = deque()
        self._caught_up = False
        self._last = 0
        self._woken = asyncio.Event()
        self._loading = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._serve(), name=f"pfnb feed {self.listener.name}")
            for _ in range(self.listener.concurrency)
        ]

    async def stop(self) -> set[int]:
        """End serving; the deliveries whose runs were cut off."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        cut_off = set(self.running)
        self.running.clear()
        return cut_off

    def offer(self, delivery: int, fresh: Waiting | None) -> None:
        """Called for each new delivery of this listener; `fresh` spares reading it back from the store."""
        if self._caught_up and fresh is not None and delivery > self._last and len(self._ready) < MAX_READY:
            self._ready.append(fresh)
            self._last = delivery
        else:
            self._caught_up = False
        self._woken.set()

    def end(self, delivery: int) -> None:
        """The worker's run has ended and its end is stored: the next may go."""
        ended = self._ended.pop(delivery, None)
        if ended is not None:
            ended.set()

    async def _serve(self) -> None:
        while True:
            waiting = await self._next()
            number = waiting.delivery.id
            job = Job(waiting.delivery, waiting.event, waiting.body, secrets.token_hex(8))
            ended = self._ended[number] = asyncio.Event()
            self.running[number] = job
            self._changed(waiting.event.seq)
            await self.worker.deliver(job)
            await ended.wait()

    async def _next(self) -> Waiting:
        async with self._loading:
            while not self._ready:
                if self._caught_up:
                    await self._wait()
                else:
                    await self._load()
            return self._ready.popleft()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(SWEEP_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            # A wake-up may be lost with its broker: look into the store now and then.
            self._caught_up = False
        self._woken.clear()

    async def _load(self) -> None:
        self._woken.clear()
        page = await self._store.pending(self.listener.name, self._last, PAGE)
        self._ready.extend(Waiting(delivery, event) for delivery, event in page)
        if page:
            self._last = page[-1][0].id
        self._caught_up = len(page) < PAGE and not self._woken.is_set()
