"""Jobs on a real hub, with a clock that the test sets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pfnb.exceptions import ParameterError
from pfnb.hub.clock import now
from pfnb.hub.hub import Hub
from pfnb.hub.jobs import Jobs
from pfnb.hub.records.delivery import BY_SCHEDULE
from pfnb.hub.stores.changes import ListenerChange
from pfnb.language.running.calls import PIPELINE_TYPE

PATH = "global/app/demo/pipeline/tidy"
HOUR = 3_600_000


MINUTE = (datetime.now(UTC).minute + 30) % 60
"""Far from now, so that the hub's own clock starts nothing during a test."""
HOURLY = f"pipeline: [{{job: '{MINUTE} * * * *'}}, {{datetime: {{}}}}]"


class Clock:
    """It begins a minute before the job is due."""

    def __init__(self) -> None:
        self.time = (now() // HOUR + 2) * HOUR + (MINUTE - 1) * 60_000

    def __call__(self) -> int:
        return self.time


def jobs_of(hub: Hub, clock: Clock) -> Jobs:
    return Jobs(hub.listeners, hub.store, hub.pipelines.schedule_of, hub._is_stopped, hub._start_job, clock)


async def put(hub: Hub, text: str = HOURLY) -> None:
    await hub.properties.put(PATH, {"value": text, "type": PIPELINE_TYPE}, "ada", "update")


async def tag(hub: Hub, tags: dict[str, str]) -> None:
    await hub.properties.put(PATH, {"tags": tags}, "ada", "update")


async def runs(hub: Hub) -> int:
    return len(await hub.store.deliveries.runs(PATH, "ada", None, 100))


async def finish(hub: Hub) -> None:
    """End what waits, as a worker would."""
    waiting = [one.id for one, _ in await hub.store.deliveries.pending(PATH, 0, 100)]
    await hub.store.deliveries.give_up(waiting, status="succeeded")


async def begun(hub: Hub, clock: Clock) -> Jobs:
    """The jobs of a hub that has run this one a minute ago."""
    jobs = jobs_of(hub, clock)
    await put(hub)
    clock.time += 60_000
    await jobs.tick()
    await finish(hub)
    assert await runs(hub) == 1
    return jobs


async def test_a_job_runs_when_it_is_due_and_not_before(hub: Hub) -> None:
    clock = Clock()
    jobs = await begun(hub, clock)
    clock.time += HOUR - 1
    await jobs.tick()
    assert await runs(hub) == 1
    clock.time += 1
    await jobs.tick()
    await jobs.tick()
    assert await runs(hub) == 2


async def test_a_run_is_left_out_while_one_is_waiting(hub: Hub) -> None:
    clock = Clock()
    jobs = await begun(hub, clock)
    for _ in range(3):
        clock.time += HOUR
        await jobs.tick()
    assert await runs(hub) == 2
    await finish(hub)
    await jobs.tick()
    assert await runs(hub) == 2
    clock.time += HOUR
    await jobs.tick()
    assert await runs(hub) == 3


async def test_what_was_missed_is_made_up_for_by_one_run(hub: Hub) -> None:
    clock = Clock()
    await put(hub)
    clock.time += 24 * HOUR
    jobs = jobs_of(hub, clock)  # as after a restart
    await jobs.tick()
    await finish(hub)
    await jobs.tick()
    assert await runs(hub) == 1


async def test_a_restart_right_after_a_run_makes_up_for_nothing(hub: Hub) -> None:
    clock = Clock()
    await begun(hub, clock)
    clock.time = now()  # the event of the run has the time of the hub's own clock
    await jobs_of(hub, clock).tick()
    assert await runs(hub) == 1


async def test_another_schedule_counts_from_its_change(hub: Hub) -> None:
    clock = Clock()
    jobs = jobs_of(hub, clock)
    await put(hub, "pipeline: [{job: '0 0 29 2 *'}, {datetime: {}}]")
    await jobs.tick()
    await put(hub)
    await jobs.tick()
    assert await runs(hub) == 0
    clock.time += 60_000
    await jobs.tick()
    assert await runs(hub) == 1


async def test_a_pipeline_that_becomes_a_job_waits_for_its_time(hub: Hub) -> None:
    clock = Clock()
    await put(hub, "pipeline: [{event.listen: {key: a}}, {datetime: {}}]")
    old = replace(hub.listeners.get(PATH), created=1)
    await hub.listeners.change(ListenerChange([old]), hub.store.registry.change_listeners(ListenerChange([old])))
    await put(hub)
    clock.time = now()
    await jobs_of(hub, clock).tick()
    assert await runs(hub) == 0


async def test_a_stopped_job_does_not_run_and_stays_stopped_when_it_is_saved(hub: Hub) -> None:
    clock = Clock()
    jobs = await begun(hub, clock)
    await tag(hub, {"job": "stopped"})
    await put(hub)
    clock.time += HOUR
    await jobs.tick()
    assert await runs(hub) == 1
    [row] = await jobs.rows("ada")
    assert (row["running"], row["nextRun"], row["lastStatus"]) == (False, None, "succeeded")
    await tag(hub, {})
    clock.time += HOUR
    await jobs.tick()
    assert await runs(hub) == 2
    [row] = await jobs.rows("ada")
    assert (row["pipelineKey"], row["running"], row["lastStatus"]) == (PATH, True, "pending")
    assert row["cron"] == f"{MINUTE} * * * *"
    assert await jobs.rows("bob") == []


async def test_a_pipeline_that_is_no_job_any_more_does_not_run(hub: Hub) -> None:
    clock = Clock()
    jobs = await begun(hub, clock)
    await put(hub, "pipeline: [{datetime: {}}]")
    clock.time += HOUR
    await jobs.tick()
    assert await jobs.rows("ada") == []
    assert hub.listeners.find(PATH) is None


async def test_no_event_starts_a_job(hub: Hub) -> None:
    await put(hub)
    for key in ("job.due", "job", "by"):
        await hub.send(key, {}, owner="ada")
    assert await runs(hub) == 0
    with pytest.raises(ParameterError):
        await hub.send(BY_SCHEDULE, {}, owner="ada")
