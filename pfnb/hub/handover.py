"""What a worker is handed with a delivery, and what becomes of a delivery that cannot be handed over."""

from __future__ import annotations

import asyncio
from functools import partial

from pfnb.exceptions import KernelEndedError, NotFoundError, RunLimitError, StoreBusyError, WorkerEndedError
from pfnb.hub.dispatch.dispatcher import Dispatcher
from pfnb.hub.dispatch.feed import Job, Worker
from pfnb.hub.dispatch.suspects import Suspects
from pfnb.hub.dispatch.waiting import Waiting
from pfnb.hub.past.history import History
from pfnb.hub.payload import log_entry
from pfnb.hub.people.users import Users
from pfnb.hub.records.delivery import Listener, Outcome
from pfnb.hub.records.event import Event
from pfnb.hub.supervision import lacking
from pfnb.rows.delivery import DeliveryRow
from pfnb.rows.error import ErrorRow
from pfnb.rows.event import EventObject
from pfnb.rows.run import DeliveryFrame, HandedEvent, StoredDeliveryFrame

MAX_CUT_OFF = 20
"""How often a run of a stored pipeline is started if it is cut off each time."""
LARGE = 64 * 1024
LARGE_AT_ONCE = 2
"""Longer events are read one by one, so many at the same time: each may take much memory while it is read."""
AT_ONCE = 20
"""Events of a batch that are prepared before others get their turn."""
MAX_UNFIT = 300
"""How often the hub tries to hand over a large event that it has too little memory for, once a second. Small ones are tried for
ever: whatever takes the memory then will end."""
_MAX_REMEMBERED = 1_000


class Handover:
    def __init__(self, dispatcher: Dispatcher, history: History, suspects: Suspects, users: Users) -> None:
        self._dispatcher = dispatcher
        self._history = history
        self._suspects = suspects
        self._users = users
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._unfit: dict[int, int] = {}

    async def frame(self, job: Job, worker: Worker) -> DeliveryFrame:
        """What the worker gets. Waits while a suspect has to run without others.

        Raises KernelEndedError or WorkerEndedError for a delivery that ended its process again and again, RunLimitError for one
        that was cut off too often, NotFoundError for a stored pipeline whose owner is gone.
        """
        delivery, listener = job.delivery, job.listener
        attempt = delivery.attempts + 1
        row: DeliveryRow = {**delivery.to_json(), "status": "running", "attempts": attempt}
        event = await self._event(job.event, job.body)
        held = partial(self._dispatcher.held_by, worker, ahead=True)
        await self._suspects.admit(delivery.id, worker.session, held, in_kernel=not listener.is_stored)
        frame: DeliveryFrame = {
            "type": "delivery",
            "delivery": str(delivery.id),
            "lease": job.lease,
            "listener": delivery.listener,
            "attempt": attempt,
            "event": event,
            "entry": log_entry(job.event, None, [row]),
        }
        if listener.batch is not None:
            frame["more"] = [await self._handed(one, place) for place, one in enumerate(job.more)]
        return self._stored(frame, listener, attempt) if listener.is_stored else frame

    async def give_up(self, job: Job, worker: Worker, error: Exception, row: ErrorRow) -> None:
        """End a delivery that cannot be handed over because of this error, so that the next ones can proceed; `row` is the error
        as the delivery shows it. An error that will pass is raised: the delivery is handed over again."""
        is_dead = isinstance(error, KernelEndedError | WorkerEndedError)
        if isinstance(error, StoreBusyError):
            raise error
        if lacking(error):
            if not isinstance(error, MemoryError) or not self._never_fits(job):
                raise error
            row, is_dead = {**_unfit(job.event), "traceId": row["traceId"]}, True
        if self.is_wanted(job, worker):
            outcome = Outcome(succeeded=False, error=dict(row), is_dead=is_dead)
            await self._dispatcher.finish(job.delivery.id, job.lease, outcome)

    def _never_fits(self, job: Job) -> bool:
        """Count one more try for which there was too little memory. Returns whether that was the last."""
        if job.event.size <= LARGE:
            return False
        tries = self._unfit[job.delivery.id] = self._unfit.pop(job.delivery.id, 0) + 1
        if tries >= MAX_UNFIT or len(self._unfit) > _MAX_REMEMBERED:
            del self._unfit[job.delivery.id if tries >= MAX_UNFIT else next(iter(self._unfit))]
        return tries >= MAX_UNFIT

    def is_wanted(self, job: Job, worker: Worker) -> bool:
        """Whether it is still this worker's: it may have been set aside while it was handed over."""
        return self._dispatcher.event_of(job.delivery.id, worker) is not None

    async def _event(self, event: Event, body: bytes | None) -> EventObject:
        """The event as its listener sees it."""
        if event.size <= LARGE:
            return await self._history.object(event, body)
        async with self._large:
            return await self._history.object(event, body)

    async def _handed(self, one: Waiting, place: int) -> HandedEvent:
        if place % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(0)  # a batch has many
        row: DeliveryRow = {**one.delivery.to_json(), "status": "running", "attempts": one.delivery.attempts + 1}
        return {"event": await self._event(one.event, one.body), "entry": log_entry(one.event, None, [row])}

    def _stored(self, frame: DeliveryFrame, listener: Listener, attempt: int) -> StoredDeliveryFrame:
        """The frame with what a worker needs to know of a stored pipeline. One that is cut off repeatedly may be what kills the
        worker, and with it all other runs."""
        if attempt > MAX_CUT_OFF + (listener.retry.times if listener.retry is not None else 0):
            raise RunLimitError(
                f"this run was started {attempt - 1} times and never finished: the worker ended, or the pipeline was changed"
            )
        try:
            owner = self._users.user(listener.owner)
        except NotFoundError as error:
            raise NotFoundError(
                f"the pipeline {listener.name} belongs to {listener.owner}, who was deleted: delete the pipeline, and let "
                "another user save it"
            ) from error
        return {**frame, "source": listener.source, "owner": {"name": owner.name, "roles": sorted(owner.roles)}}


def _unfit(event: Event) -> ErrorRow:
    return RunLimitError(
        f"the hub has too little memory to hand over this event of {event.size / 1024**2:,.1f} MiB, and tried {MAX_UNFIT} times: "
        "give it more, then replay the event"
    ).to_json()
