"""A feed: hands one listener's deliveries to its workers, and records which worker has which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from pfnb.exceptions import AccessDeniedError
from pfnb.hub.dispatch.backlog import Backlog
from pfnb.hub.dispatch.waiting import Waiting
from pfnb.hub.dispatch.window import Held, Window
from pfnb.hub.randomness import SystemBits
from pfnb.hub.rate import Rate
from pfnb.hub.records.delivery import Delivery, Listener
from pfnb.hub.records.event import Event
from pfnb.hub.stores.store import Store
from pfnb.hub.supervision import Supervision

RANDOM_BYTES = 512
"""Fetched at once, for the leases of 64 deliveries."""


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery on its way to a worker, with the others of its batch as `more`. The result must carry the same `lease`; under
    any other lease it is refused."""

    listener: Listener
    delivery: Delivery
    event: Event
    body: bytes | None
    lease: str
    more: tuple[Waiting, ...] = ()


class Worker(Protocol):
    """Where a listener's pipeline runs, such as a kernel's session. `session` names the process behind it, which may come
    back as another worker after its connection broke. The worker accepts up to `ahead` deliveries of a listener in advance,
    and runs them one after the other."""

    @property
    def session(self) -> str: ...

    @property
    def ahead(self) -> int: ...

    async def deliver(self, job: Job) -> None:
        """Hand over a delivery; its result is reported to `Dispatcher.finish`."""

    def revoke(self, listener: str) -> None:
        """Another worker serves this listener now."""

    def discard(self, delivery: Delivery, error: dict[str, Any]) -> None:
        """A delivery that the worker has was set aside with this error: the result of its run is no longer needed."""


class Feed:
    """Several workers share the deliveries of a listener. A strict listener has only one delivery out at once, whichever worker
    has it. Only a sole worker of a listener that is not strict gets some ahead: otherwise they would wait for one worker
    while another is idle.

    `held` are the deliveries that are out, by id, in the sequence in which they were handed over. Those of a batch are held as
    one. `superseded` is called for each delivery that ended because of a newer one."""

    def __init__(
        self,
        listener: Listener,
        store: Store,
        changed: Callable[[int], None],
        superseded: Callable[[Waiting], None],
    ) -> None:
        self.listener = listener
        self.held: dict[int, Held] = {}
        self.backlog = Backlog(listener, store, self.held, superseded)
        self.supervision = Supervision(f"events for {listener.name} could not be delivered")
        self.rate = Rate()
        self._changed = changed
        self._random = SystemBits(RANDOM_BYTES)
        self._strict = Window(1, 0) if listener.strict else None
        self._tasks: dict[Worker, list[asyncio.Task[None]]] = {}

    @property
    def workers(self) -> list[Worker]:
        return list(self._tasks)

    @property
    def running(self) -> list[int]:
        """The deliveries whose turn has come."""
        return [delivery for delivery, held in self.held.items() if held.begun]

    def join(self, worker: Worker, concurrency: int) -> None:
        """The worker gets deliveries from now on, `concurrency` at once."""
        one = self.listener
        ahead = 0 if one.strict or one.shared or one.is_stored or one.gathering else worker.ahead
        window = self._strict or Window(concurrency, ahead)
        self._tasks[worker] = [
            asyncio.create_task(
                self.supervision.again_and_again(partial(self._serve_next, worker, window)),
                name=f"pfnb feed {one.name}",
            )
            for _ in range(1 if ahead else concurrency)
        ]

    async def leave(self, worker: Worker) -> set[int]:
        """The worker gets nothing more. What it had goes to the next worker. Those that had begun are returned, and count one
        more attempt."""
        cut_off = [held for held in self.holding() if held.worker is worker and not held.reported]
        begun = {one.delivery.id for held in cut_off if held.begun for one in held.waiting.each}
        for held in cut_off:
            self._let_out(held)
            if held.begun:
                self._tell(held)
        # Before its tasks end: a strict listener must get these before its next delivery.
        self.backlog.give_back([held.waiting.after_attempt() if held.begun else held.waiting for held in cut_off])
        for held in reversed(cut_off):
            held.window.leave(held)
        tasks = self._tasks.pop(worker, [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return begun

    def holding(self) -> list[Held]:
        """What is out, each batch once."""
        return list(dict.fromkeys(self.held.values()))

    def report(self, delivery: int, lease: str) -> Held:
        """A run has ended. AccessDeniedError when the delivery was meanwhile handed to another worker."""
        held = self.held.get(delivery)
        if held is None or held.lease != lease or held.reported:
            raise AccessDeniedError(f"delivery {delivery} is no longer yours: it was delivered again")
        held.reported = asyncio.Event()
        return held

    async def claim(self, delivery: int) -> Held | None:
        """Take a delivery from its worker, as if its result were reported. If a result is being stored, wait for that. None if no
        worker has it."""
        while (held := self.held.get(delivery)) is not None:
            if held.reported is None:
                return self.report(delivery, held.lease)
            await held.reported.wait()
        return None

    def unreport(self, held: Held) -> None:
        """The result could not be stored: the worker may report it again, or another worker gets the delivery."""
        _settle(held)
        if held.worker not in self._tasks:
            self._let_out(held)
            self.backlog.give_back([held.waiting])

    def release(self, held: Held) -> None:
        """The end of a claimed delivery could not be stored: it is handed out again, under another lease."""
        _settle(held)
        self._let_out(held)
        self.backlog.give_back([held.waiting])
        self.let_go(held)

    def discard(self, held: Held, delivery: int) -> None:
        """A claimed delivery has ended. The others of its batch are handed out again."""
        _settle(held)
        self._let_out(held)
        left = held.waiting.without(delivery)
        if left is not None:
            self.backlog.give_back([left.after_attempt() if held.begun else left])
        self.let_go(held)

    def end(self, held: Held, not_before: int | None) -> None:
        """The result is stored: final, or with the time of the retry."""
        _settle(held)
        self._let_out(held)
        if not_before is not None:
            self.backlog.try_again(held.waiting.after_attempt(not_before))
        self.let_go(held)

    def let_go(self, held: Held) -> None:
        """It no longer runs: its place is free."""
        following = held.window.leave(held)
        if following is not None:
            self._tell(following)

    def _tell(self, held: Held) -> None:
        for one in held.waiting.each:
            self._changed(one.event.seq)

    def _let_out(self, held: Held) -> None:
        for one in held.waiting.each:
            del self.held[one.delivery.id]

    async def _serve_next(self, worker: Worker, window: Window) -> None:
        await window.place()
        try:
            waiting = await self.backlog.take()
        except BaseException:
            window.give_back()
            raise
        held = Held(waiting, worker, window, f"{self._random.getrandbits(64):016x}")
        self.held.update((one.delivery.id, held) for one in waiting.each)
        await window.enter(held)
        if self.held.get(waiting.delivery.id) is not held:
            window.leave(held)  # it was set aside meanwhile
            return
        if held.begun:
            self._tell(held)
        self.rate.note()
        try:
            await worker.deliver(
                Job(self.listener, waiting.delivery, waiting.event, waiting.body, held.lease, waiting.more)
            )
        except Exception:
            self._take_back(held)
            raise
        self.supervision.well()

    def _take_back(self, held: Held) -> None:
        """It did not reach its worker: this does not count as an attempt."""
        delivery = held.waiting.delivery.id
        if self.held.get(delivery) is held and not held.reported:
            self._let_out(held)
            self.backlog.give_back([held.waiting])
            self.let_go(held)
            self._tell(held)


def _settle(held: Held) -> None:
    if held.reported is not None:
        held.reported.set()
        held.reported = None
