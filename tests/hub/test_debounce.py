"""A listener with `debounce` gets the newest event after a while of quiet. Those before it end as superseded."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Delivery, Listener, Outcome
from pfnb.language.gathering import Debounce
from pfnb.language.retry import Retry
from tests.hub.conftest import UUID, RecordingWorker, listener, request

DONE = Outcome(succeeded=True, value="done")
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"})
LONG = 3600.0


def debounced(wait: float = 0.1, most: float = LONG, by: str = "", **changes: Any) -> Listener:
    return listener("lead", gathering=Debounce(wait, most, by), **changes)


async def sent(hub: Hub, payload: Any = None) -> str:
    return (await hub.receive(request(json.dumps(payload).encode()))).event_id


async def delivery(hub: Hub, event_id: str) -> Delivery:
    return (await hub.store.deliveries.of_events([event_id]))[event_id][0]


async def until_superseded(hub: Hub, *ids: str) -> None:
    async with asyncio.timeout(5):
        while {(await delivery(hub, one)).status for one in ids} != {"succeeded"}:
            await asyncio.sleep(0.01)


async def test_only_the_newest_comes_after_a_while_of_quiet_and_the_others_say_why_not(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.2), worker, replace=False)
    begun = time.monotonic()
    ids = [await sent(hub, number) for number in range(4)]
    job = await worker.next()
    assert job.event.id == ids[-1]
    assert job.more == ()
    assert time.monotonic() - begun >= 0.2
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    found = [await delivery(hub, one) for one in ids]
    assert [one.status for one in found] == ["succeeded"] * 4
    assert [one.attempts for one in found] == [0, 0, 0, 1]
    assert found[3].error is None
    assert all("superseded by delivery" in one.error["statusMessage"] for one in found[:3] if one.error)
    assert str(found[3].id) in (found[2].error or {})["statusMessage"]
    assert await hub.store.deliveries.pending_counts() == {}


async def test_a_steady_stream_does_not_hold_it_up_for_ever(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(LONG, 0.3), worker, replace=False)
    ids = []
    async with asyncio.timeout(5):
        while worker.jobs.empty():
            ids.append(await sent(hub))
            await asyncio.sleep(0.02)
    job = await worker.next()
    assert len(ids) > 3
    assert job.event.id in ids[-3:]


async def test_events_of_different_values_wait_apart(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.2, by="#{body.payload.id}", concurrency=5), worker, replace=False)
    ids = [await sent(hub, {"id": value, "n": number}) for number, value in enumerate(("a", "b", "a", "c", "b"))]
    jobs = [await worker.next() for _ in range(3)]
    assert {job.event.id for job in jobs} == {ids[2], ids[3], ids[4]}
    await until_superseded(hub, ids[0], ids[1])


async def test_an_event_without_such_a_value_comes_by_itself(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.1, by="#{body.payload.id}", concurrency=5), worker, replace=False)
    ids = {await sent(hub, payload) for payload in ({"id": 1}, {}, "text", {})}
    assert {(await worker.next()).event.id for _ in range(4)} == ids


async def test_what_came_while_the_worker_was_away_is_one_delivery(hub: Hub) -> None:
    gone, back = RecordingWorker(), RecordingWorker()
    await hub.register(debounced(), gone, replace=False)
    await hub.dispatcher.detach(gone)
    ids = [await sent(hub, number) for number in range(250)]
    await hub.register(debounced(), back, replace=False)
    job = await back.next()
    assert job.event.id == ids[-1]
    await until_superseded(hub, *ids[:-1])
    assert await hub.store.deliveries.pending_counts() == {"lead": 1}


@pytest.mark.parametrize("by", ["", "#{body.payload.id}"])
async def test_the_newest_comes_after_the_hub_ended_in_the_middle(tmp_path: Path, by: str) -> None:
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
    await home.hub.register(debounced(0.5, by=by), RecordingWorker(), replace=False)
    ids = [await sent(home.hub, {"id": 1}) for _ in range(3)]
    await home.close()
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    worker = RecordingWorker()
    await home.hub.register(debounced(0.5, by=by), worker, replace=False)
    assert (await worker.next()).event.id == ids[-1]
    await until_superseded(home.hub, *ids[:-1])
    await home.close()


async def test_while_one_runs_the_newest_of_the_next_waits(hub: Hub) -> None:
    worker, other = RecordingWorker(), RecordingWorker()
    await hub.register(debounced(0.05), worker, replace=False)
    await sent(hub)
    first = await worker.next()
    await hub.register(listener("seen", concurrency=9), other, replace=False)
    ids = [await sent(hub) for _ in range(4)]
    for _ in ids:  # all have been announced
        await other.next()
    await hub.dispatcher.finish(first.delivery.id, first.lease, DONE)
    assert (await worker.next()).event.id == ids[-1]


async def test_one_that_failed_is_tried_again_unless_a_newer_one_has_come(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.05, retry=Retry(times=5, wait=0.2)), worker, replace=False)
    first = await sent(hub)
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    job = await worker.next()
    assert (job.event.id, job.delivery.attempts) == (first, 1)
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    newer = await sent(hub)
    job = await worker.next()
    assert job.event.id == newer
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    found = await delivery(hub, first)
    assert (found.status, found.attempts) == ("succeeded", 2)
    assert found.error is not None
    assert "superseded" in found.error["statusMessage"]


async def test_a_replay_comes_at_once_and_supersedes_nothing(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.3, concurrency=2), worker, replace=False)
    old, newer = await sent(hub), await sent(hub)
    await until_superseded(hub, old)
    await hub.replay(old, "ada")
    assert [(await worker.next()).event.id, (await worker.next()).event.id] == [old, newer]


async def test_whoever_waits_for_a_superseded_one_is_answered_at_once(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.2), worker, replace=False)
    first, second = [await hub.receive(request(), wait=True) for _ in range(2)]
    assert first.answer is not None
    assert second.answer is not None
    async with asyncio.timeout(5):
        assert await first.answer is None
        assert not second.answer.done()
        job = await worker.next()
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
        outcome = await second.answer
    assert outcome is not None
    assert outcome.value == "done"


async def test_the_newest_is_discarded_in_its_window(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.2), worker, replace=False)
    one = await sent(hub)
    await hub.discard((await delivery(hub, one)).id, "ada")
    other = await sent(hub)
    assert (await worker.next()).event.id == other
    assert (await delivery(hub, one)).status == "dead"


async def test_a_clock_set_back_by_a_day_delays_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.3), worker, replace=False)
    await sent(hub)
    earlier = time.time_ns() - 86_400 * 1_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: earlier)
    newest = await sent(hub)
    assert (await worker.next()).event.id == newest


async def test_events_that_an_earlier_hub_stored_by_a_clock_ahead_of_todays_wait_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    gone, back = RecordingWorker(), RecordingWorker()
    await home.hub.register(debounced(0.1), gone, replace=False)
    await home.hub.dispatcher.detach(gone)
    with monkeypatch.context() as ahead:
        later = time.time_ns() + 86_400 * 1_000_000_000
        ahead.setattr(time, "time_ns", lambda: later)
        newest = await sent(home.hub)
    await home.hub.register(debounced(0.1), back, replace=False)
    assert (await back.next()).event.id == newest
    await home.close()


async def test_an_end_that_cannot_be_stored_now_is_stored_later(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = RecordingWorker()
    await hub.register(debounced(0.1), worker, replace=False)
    give_up, calls = hub.store.deliveries.give_up, 0

    async def failing(*given: Any, **more: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("the disk is away")
        return await give_up(*given, **more)

    monkeypatch.setattr(hub.store.deliveries, "give_up", failing)
    ids = [await sent(hub) for _ in range(3)]
    assert (await worker.next()).event.id == ids[-1]
    await until_superseded(hub, *ids[:-1])


async def test_the_number_of_values_that_wait_is_bounded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pfnb.hub.dispatch.ready.MOST_WINDOWS", 3)
    worker = RecordingWorker()
    await hub.register(debounced(LONG, by="#{body.payload}", concurrency=9), worker, replace=False)
    ids = [await sent(hub, number) for number in range(5)]
    handed = [(await worker.next()).event.id for _ in range(3)]
    assert handed == ids[:3], "two of them wait"
    assert worker.jobs.empty()


async def test_what_a_long_run_holds_up_is_not_kept_in_memory(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pfnb.hub.dispatch.backlog.MAX_READY", 5)
    worker, other = RecordingWorker(), RecordingWorker()
    await hub.register(debounced(0.05), worker, replace=False)
    await sent(hub)
    running = await worker.next()
    await hub.register(listener("seen", concurrency=50), other, replace=False)
    ids = [await sent(hub) for _ in range(30)]
    for _ in ids:
        await other.next()
    await hub.dispatcher.finish(running.delivery.id, running.lease, DONE)
    job = await worker.next()
    assert job.event.id == ids[-1]
    await until_superseded(hub, *ids[:-1])
