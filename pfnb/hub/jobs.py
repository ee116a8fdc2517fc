"""Jobs: stored pipelines that run by a schedule. Each run is an event with one delivery, so that it has a history and is tried
again like any other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pfnb.exceptions import PfnbError
from pfnb.hub.clock import DAY
from pfnb.hub.dispatch.listeners import Listeners
from pfnb.hub.records.delivery import Listener
from pfnb.hub.stores.store import Store
from pfnb.hub.supervision import Repeated, log
from pfnb.language.schedule import Schedule
from pfnb.rows.listener import JobRow

TICK_SECONDS = 1.0


@dataclass(slots=True)
class _Plan:
    """The next run of a job whose pipeline has this text."""

    source: str
    schedule: Schedule
    due: int


class Jobs:
    """`read` returns the schedule of a listener's pipeline, `is_stopped` whether its owner has stopped it; `start` stores the
    event of a run, which is due at that time."""

    def __init__(
        self,
        listeners: Listeners,
        store: Store,
        read: Callable[[Listener], Awaitable[Schedule]],
        is_stopped: Callable[[Listener], Awaitable[bool]],
        start: Callable[[Listener, str], Awaitable[None]],
        now: Callable[[], int],
    ) -> None:
        self._listeners = listeners
        self._store = store
        self._read = read
        self._is_stopped = is_stopped
        self._start = start
        self._now = now
        self._plans: dict[str, _Plan] = {}
        self._repeated = Repeated()

    async def tick(self) -> None:
        """Start what is due. One that was missed while the hub was away starts once, however often it was missed."""
        jobs = {one.name: one for one in self._listeners.all() if one.is_job}
        self._plans = {name: plan for name, plan in self._plans.items() if name in jobs}
        for job in jobs.values():
            try:
                await self._tick(job)
            except PfnbError as error:
                if self._repeated.is_due(f"{job.name}: {error}"):
                    log.warning("the job %s could not be started: %s", job.name, error)

    async def _tick(self, job: Listener) -> None:
        plan = await self._plan(job)
        now = self._now()
        if plan.due > now:
            return
        if not await self._is_stopped(job):
            if await self._store.deliveries.pending(job.name, 0, 1):
                log.warning("the job %s is still running, or waiting: a run is left out", job.name)
            else:
                await self._start(job, _iso(plan.due))
        plan.due = plan.schedule.after(now, job.name)

    async def _plan(self, job: Listener) -> _Plan:
        plan = self._plans.get(job.name)
        if plan is None or plan.source != job.source:
            schedule = await self._read(job)
            since = await self._last(job) if plan is None else self._now()
            plan = self._plans[job.name] = _Plan(job.source, schedule, schedule.after(since, job.name))
        return plan

    async def _last(self, job: Listener) -> int:
        """When it ran last, or was created. Events of old runs may have been removed: what is unknown counts as a day ago."""
        runs = await self._store.deliveries.runs(job.name, job.owner, None, 1)
        return max(job.created, runs[0][1].created if runs else self._now() - DAY)

    async def rows(self, owner: str) -> list[JobRow]:
        """This owner's jobs, by path."""
        mine = sorted((one for one in self._listeners.of(owner) if one.is_job), key=lambda one: one.name)
        return [await self._row(job) for job in mine]

    async def _row(self, job: Listener) -> JobRow:
        plan, is_stopped = await self._plan(job), await self._is_stopped(job)
        runs = await self._store.deliveries.runs(job.name, job.owner, None, 1)
        return {
            "pipelineKey": job.name,
            "schedule": plan.schedule.text,
            "cron": plan.schedule.cron(job.name),
            "timezone": plan.schedule.timezone,
            "created": _iso(job.created),
            "running": not is_stopped,
            "lastRun": _iso(runs[0][1].created) if runs else None,
            "lastStatus": runs[0][0].status if runs else None,
            "nextRun": None if is_stopped else _iso(plan.due),
        }


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
