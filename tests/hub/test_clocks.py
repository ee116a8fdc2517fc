"""A clock that is set makes nothing old at once, and delays no retry."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pfnb.hub.aging import Aging
from pfnb.hub.clock import DAY, now
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.past.retention import Keep, Retention
from pfnb.hub.records.delivery import Outcome
from pfnb.hub.stores.store import Store
from pfnb.language.retry import Retry
from tests.hub.conftest import UUID, RecordingWorker, event, listener, request, small

HOUR = DAY // 24
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"})


class Clock:
    """`wall` is what the machine says, `even` what passes."""

    def __init__(self) -> None:
        self.wall = self.even = now()

    def passes(self, milliseconds: int) -> None:
        self.wall += milliseconds
        self.even += milliseconds

    def aging(self, store: Store) -> Aging:
        return Aging(store, lambda: self.wall, lambda: self.even)


@pytest.mark.parametrize("running", [True, False])
async def test_a_clock_set_40_days_ahead_makes_nothing_old_at_once(store: Store, running: bool) -> None:
    clock = Clock()
    aging = clock.aging(store)
    began = clock.wall
    assert await aging.time() == began
    clock.wall += 40 * DAY
    aging = aging if running else clock.aging(store)
    clock.passes(HOUR // 6)
    assert await aging.time() < began + DAY
    clock.wall -= 40 * DAY  # somebody sets it right
    assert began <= await aging.time() <= clock.wall
    clock.wall += 40 * DAY
    for _ in range(24 * 6):
        clock.passes(HOUR // 6)
        await aging.time()
    assert await aging.time() == clock.wall


async def test_a_clock_that_is_right_is_followed(store: Store) -> None:
    clock = Clock()
    aging = clock.aging(store)
    for _ in range(3):
        assert await aging.time() == clock.wall
        clock.passes(HOUR)
    clock.wall -= DAY
    assert await aging.time() == clock.wall


async def test_retention_keeps_what_only_a_clock_that_was_set_makes_old(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.events.add(event(1, created=now()), small(), [])
    keep = Keep(days=30, megabytes=0)
    await Retention(store, keep, lambda: (), lambda: None).sweep()
    later = time.time_ns() + 40 * DAY * 1_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    await Retention(store, keep, lambda: (), lambda: None).sweep()
    assert len(await store.events.since(0, 10)) == 1


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_clock_set_back_by_a_day_delays_no_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    worker, mine = RecordingWorker(), listener("lead", retry=Retry(times=2, wait=0.1))
    await home.hub.register(mine, worker, replace=False)
    await home.hub.receive(request())
    job = await worker.next()
    if restarted:  # an earlier hub stored it by a clock that was a day ahead of today's
        await home.hub.store.deliveries.finish(job.delivery.id, "pending", FAILED.error, (), now() + DAY)
        await home.close()
        home = Home(HubOptions(tmp_path / "hub", owner="ada"))
        await home.open()
        await home.hub.register(mine, worker, replace=False)
    else:
        await home.hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
        earlier = time.time_ns() - DAY * 1_000_000
        monkeypatch.setattr(time, "time_ns", lambda: earlier)
    assert (await worker.next()).delivery.id == job.delivery.id
    await home.close()
