"""A listener with `batch` gets several events as one delivery: they end together, and none is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pfnb.exceptions import AccessDeniedError
from pfnb.hub.dispatch.feed import Job
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Delivery, Listener, Outcome
from pfnb.language.gathering import Batch
from pfnb.language.retry import Retry
from tests.hub.conftest import UUID, RecordingWorker, listener, request

DONE = Outcome(succeeded=True, value="done", steps=({"number": 1, "command": "log"},))
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"})
LONG = 3600.0


def batching(size: int = 3, wait: float = LONG, **changes: Any) -> Listener:
    return listener("lead", gathering=Batch(size, wait), **changes)


async def received(hub: Hub, count: int) -> list[str]:
    return [(await hub.receive(request(b'{"n": %d}' % number))).event_id for number in range(count)]


def events(job: Job) -> list[str]:
    return [job.event.id, *(one.event.id for one in job.more)]


async def deliveries(hub: Hub, ids: list[str]) -> list[Delivery]:
    found = await hub.store.deliveries.of_events(ids)
    return [found[one][-1] for one in ids]


async def finish(hub: Hub, job: Job, outcome: Outcome = DONE) -> None:
    await hub.dispatcher.finish(job.delivery.id, job.lease, outcome)


async def test_as_many_as_fit_come_as_one_in_the_order_of_commit_and_end_together(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(batching(3), worker, replace=False)
    ids = await received(hub, 2)
    assert worker.jobs.empty()
    ids += await received(hub, 3)
    job = await worker.next()
    assert events(job) == ids[:3]
    rows = await hub.history.rows(await hub.store.events.since(0, 10))
    states = [row["deliveries"][0]["status"] for row in rows]
    assert states == ["running"] * 3 + ["pending"] * 2
    await finish(hub, job)
    assert [one.status for one in await deliveries(hub, ids)] == ["succeeded"] * 3 + ["pending"] * 2
    assert [one.attempts for one in await deliveries(hub, ids[:3])] == [1, 1, 1]
    steps = [await hub.store.deliveries.steps(one.id) for one in await deliveries(hub, ids[:3])]
    assert steps == [[{"number": 1, "command": "log"}], [], []]
    assert worker.jobs.empty(), "two are too few"
    assert await hub.store.deliveries.pending_counts() == {"lead": 2}


async def test_the_first_waits_no_longer_than_it_may(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(batching(50, 0.15), worker, replace=False)
    ids = await received(hub, 2)
    assert worker.jobs.empty()
    job = await worker.next()
    assert events(job) == ids


async def test_what_waited_while_the_worker_was_away_comes_in_full_batches_at_once(hub: Hub) -> None:
    gone, back = RecordingWorker(), RecordingWorker()
    await hub.register(batching(120, 0.01), gone, replace=False)
    await hub.dispatcher.detach(gone)
    ids = await received(hub, 250)
    await hub.register(batching(120, 0.01), back, replace=False)
    sizes = []
    seen = []
    while len(seen) < 250:
        job = await back.next()
        sizes.append(len(events(job)))
        seen += events(job)
        await finish(hub, job)
    assert seen == ids
    assert sizes == [120, 120, 10]


async def test_large_bodies_close_a_batch_early(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pfnb.hub.dispatch.ready.BATCH_BYTES", 1000)
    worker = RecordingWorker()
    await hub.register(batching(10, 0.1), worker, replace=False)
    sizes = []
    for size in (400, 400, 400, 5000, 10):
        await hub.receive(request(json.dumps("x" * size).encode()))
    while sum(sizes) < 5:
        job = await worker.next()
        sizes.append(len(events(job)))
        await finish(hub, job)
    assert sizes == [2, 1, 1, 1]


@pytest.mark.parametrize("strict", [False, True])
async def test_those_that_fail_together_are_tried_again_together(hub: Hub, strict: bool) -> None:
    worker = RecordingWorker()
    await hub.register(batching(2, retry=Retry(times=1, wait=0.1), strict=strict), worker, replace=False)
    ids = await received(hub, 4)
    first = await worker.next()
    assert events(first) == ids[:2]
    await finish(hub, first, FAILED)
    second = await worker.next()
    assert events(second) == (ids[:2] if strict else ids[2:])
    await finish(hub, second, FAILED if strict else DONE)
    third = await worker.next()
    assert events(third) == (ids[2:] if strict else ids[:2])
    await finish(hub, third, DONE if strict else FAILED)
    assert [one.status for one in await deliveries(hub, ids)] == ["dead", "dead", "succeeded", "succeeded"]
    assert [one.attempts for one in await deliveries(hub, ids)] == [2, 2, 1, 1]


async def test_a_batch_that_a_lost_worker_had_comes_again_as_it_was(hub: Hub) -> None:
    lost, other = RecordingWorker(), RecordingWorker()
    await hub.register(batching(3, shared=True), lost, replace=False)
    ids = await received(hub, 3)
    job = await lost.next()
    await hub.register(batching(3, shared=True), other, replace=False)
    ids += await received(hub, 3)
    await finish(hub, await other.next())
    await hub.dispatcher.detach(lost)
    again = await other.next()
    assert events(again) == ids[:3]
    assert [again.delivery.attempts, *(one.delivery.attempts for one in again.more)] == [1, 1, 1]
    with pytest.raises(AccessDeniedError):
        await finish(hub, job)
    await finish(hub, again)
    assert {one.status for one in await deliveries(hub, ids)} == {"succeeded"}


async def test_none_is_lost_when_the_hub_ends_in_the_middle(tmp_path: Path) -> None:
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    worker = RecordingWorker()
    await home.hub.register(batching(3, 0.01, retry=Retry(times=3, wait=0.01)), worker, replace=False)
    ids = await received(home.hub, 3)
    failed = await worker.next()
    await finish(home.hub, failed, FAILED)
    ids += await received(home.hub, 3)
    await worker.next()  # which never ends
    ids += await received(home.hub, 2)
    await home.close()
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    worker = RecordingWorker()
    await home.hub.register(batching(3, 0.01, retry=Retry(times=3, wait=0.01)), worker, replace=False)
    seen: list[str] = []
    while len(seen) < 8:
        job = await worker.next()
        seen += events(job)
        await finish(home.hub, job)
    assert sorted(seen) == sorted(ids)
    assert {one.status for one in await deliveries(home.hub, ids)} == {"succeeded"}
    await home.close()


async def test_a_replayed_event_comes_alone_and_at_once(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(batching(2), worker, replace=False)
    ids = await received(hub, 2)
    await finish(hub, await worker.next())
    waiting = await received(hub, 1)
    await hub.replay(ids[0], "ada")
    job = await worker.next()
    assert events(job) == ids[:1]
    await finish(hub, job)
    assert worker.jobs.empty()
    assert (await deliveries(hub, waiting))[0].status == "pending"


async def test_a_replay_is_still_alone_after_its_listener_was_away(hub: Hub) -> None:
    gone, back = RecordingWorker(), RecordingWorker()
    await hub.register(batching(2), gone, replace=False)
    ids = await received(hub, 2)
    await finish(hub, await gone.next())
    await hub.dispatcher.detach(gone)
    await hub.replay(ids[1], "ada")
    await received(hub, 1)
    await hub.register(batching(2), back, replace=False)
    assert events(await back.next()) == ids[1:]
    assert back.jobs.empty()


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_one_of_a_running_batch_is_discarded_and_the_others_come_again(hub: Hub, which: int) -> None:
    worker = RecordingWorker()
    await hub.register(batching(3), worker, replace=False)
    ids = await received(hub, 3)
    job = await worker.next()
    numbers = [one.id for one in await deliveries(hub, ids)]
    await hub.discard(numbers[which], "ada", "broken")
    assert worker.discarded == [job.delivery.id]
    again = await worker.next()
    left = [one for place, one in enumerate(ids) if place != which]
    assert events(again) == left
    await finish(hub, again)
    states = [one.status for one in await deliveries(hub, ids)]
    assert states == ["dead" if place == which else "succeeded" for place in range(3)]


async def test_one_that_waits_for_its_batch_is_discarded(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(batching(2), worker, replace=False)
    ids = await received(hub, 1)
    await hub.discard((await deliveries(hub, ids))[0].id, "ada")
    ids += await received(hub, 2)
    assert events(await worker.next()) == ids[1:]


async def test_whoever_waits_gets_the_answer_of_the_batch(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(batching(2), worker, replace=False)
    receipts = [await hub.receive(request(), wait=True) for _ in range(2)]
    await finish(hub, await worker.next())
    for receipt in receipts:
        assert receipt.answer is not None
        async with asyncio.timeout(5):
            outcome = await receipt.answer
        assert outcome is not None
        assert outcome.value == "done"


async def test_several_batches_run_at_once_if_the_listener_says_so(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(batching(2, concurrency=2), worker, replace=False)
    ids = await received(hub, 4)
    jobs = [await worker.next(), await worker.next()]
    assert sorted(events(jobs[0]) + events(jobs[1])) == sorted(ids)


async def test_a_worker_gets_the_events_and_their_rows(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(batching(2), worker, replace=False)
    ids = await received(hub, 2)
    job = await worker.next()
    frame = await hub.handover.frame(job, worker)
    assert [frame["event"]["id"], frame["more"][0]["event"]["id"]] == ids
    assert [frame["event"]["payload"], frame["more"][0]["event"]["payload"]] == [{"n": 0}, {"n": 1}]
    assert [frame["entry"]["id"], frame["more"][0]["entry"]["id"]] == ids
    assert frame["more"][0]["entry"]["deliveries"][0]["status"] == "running"


async def test_a_large_batch_that_failed_is_tried_again_whole_after_a_restart(tmp_path: Path) -> None:
    size, retry = 150, Retry(times=3, wait=0.01)
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    worker = RecordingWorker()
    await home.hub.register(batching(size, retry=retry), worker, replace=False)
    ids = await received(home.hub, size)
    await finish(home.hub, await worker.next(), FAILED)
    await home.close()
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    worker = RecordingWorker()
    await home.hub.register(batching(size, retry=retry), worker, replace=False)
    await received(home.hub, 5)
    job = await worker.next()
    assert events(job) == ids
    assert {one.delivery.attempts for one in (job, *job.more)} == {1}
    await home.close()


async def test_a_failed_batch_is_tried_again_while_many_others_wait_for_theirs(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(batching(300, retry=Retry(times=1, wait=0.5)), worker, replace=False)
    ids = await received(hub, 300)
    await finish(hub, await worker.next(), FAILED)
    await received(hub, 150)
    assert events(await worker.next()) == ids
