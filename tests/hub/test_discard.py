"""A delivery that somebody sets aside is dead, whatever became of it until then, and those behind it go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pfnb.exceptions import AccessDeniedError, BusyError, NotFoundError, ParameterError
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Delivery, Outcome
from pfnb.language.retry import Retry
from tests.hub.conftest import RecordingWorker, listener, request

DONE = Outcome(succeeded=True, value="done")
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"}, steps=({"number": 1, "command": "log"},))


async def received(hub: Hub, count: int) -> list[Delivery]:
    """The deliveries of so many events, to the one listener there is."""
    ids = [(await hub.receive(request())).event_id for _ in range(count)]
    found = await hub.store.deliveries.of_events(ids)
    return [found[one][0] for one in ids]


async def stored(hub: Hub, number: int) -> Delivery:
    return (await hub.store.deliveries.get(number))[0]


async def handed_out(worker: RecordingWorker, hub: Hub) -> int:
    """The number of the next delivery that the worker gets. It succeeds."""
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    return job.delivery.id


@pytest.mark.parametrize("strict", [False, True])
async def test_one_that_waits_is_never_run(hub: Hub, strict: bool) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead", strict=strict), worker, replace=False)
    first, second, third = await received(hub, 3)
    row = await hub.discard(second.id, "ada", "sent twice")
    assert (row["id"], row["status"], row["attempts"]) == (str(second.id), "dead", 0)
    assert row["error"] == {"statusMessage": "set aside by ada: sent twice"}
    assert [await handed_out(worker, hub) for _ in range(2)] == [first.id, third.id]
    assert await hub.store.deliveries.pending_counts() == {}


async def test_one_that_runs_gives_its_place_to_the_next_and_its_end_is_refused(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    first, second = await received(hub, 2)
    job = await worker.next()
    assert (await hub.discard(first.id, "ada"))["error"] == {"statusMessage": "set aside by ada"}
    assert worker.discarded == [first.id]
    with pytest.raises(AccessDeniedError):
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert await handed_out(worker, hub) == second.id
    assert (await stored(hub, first.id)).status == "dead"


async def test_one_that_runs_stays_dead_when_its_worker_goes(hub: Hub) -> None:
    worker, back = RecordingWorker(), RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    (first,) = await received(hub, 1)
    await worker.next()
    await hub.discard(first.id, "ada")
    await hub.dispatcher.detach(worker)
    await hub.register(listener("lead"), back, replace=False)
    (second,) = await received(hub, 1)
    assert await handed_out(back, hub) == second.id


@pytest.mark.parametrize("strict", [False, True])
async def test_one_that_is_to_be_tried_again_is_not(hub: Hub, strict: bool) -> None:
    worker = RecordingWorker()
    retry = Retry(times=5, wait=0.2, backoff=1)
    await hub.register(listener("lead", retry=retry, strict=strict), worker, replace=False)
    (first,) = await received(hub, 1)
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    assert [row["id"] for row in await hub.history.unsuccessful("ada", 5)] == [str(first.id)]
    row = await hub.discard(first.id, "ada")
    assert row["error"] == {"statusMessage": "set aside by ada (it had failed: no)"}
    (second,) = await received(hub, 1)
    assert await handed_out(worker, hub) == second.id
    await asyncio.sleep(0.3)  # its time would have come
    assert worker.jobs.empty()


async def test_one_that_failed_keeps_what_it_failed_with_and_its_steps(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    (first,) = await received(hub, 1)
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    row = await hub.discard(first.id, "ada", "known")
    assert (row["status"], row["attempts"]) == ("dead", 1)
    assert row["error"] == {"statusMessage": "set aside by ada: known (it had failed: no)"}
    assert await hub.store.deliveries.steps(first.id) == list(FAILED.steps)
    assert await hub.discard(first.id, "ada", "once more") == row
    again = await hub.replay(job.event.id, "ada")
    assert await handed_out(worker, hub) == again[0].id


async def test_what_succeeded_or_is_somebody_elses_is_not_set_aside(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    (first,) = await received(hub, 1)
    with pytest.raises(NotFoundError, match="there is no delivery"):
        await hub.discard(first.id, "eve")
    assert await handed_out(worker, hub) == first.id
    with pytest.raises(ParameterError, match="has succeeded"):
        await hub.discard(first.id, "ada")
    assert (await stored(hub, first.id)).status == "succeeded"
    with pytest.raises(NotFoundError):
        await hub.discard(first.id + 1000, "ada")


async def test_whoever_waits_for_its_answer_is_told_that_there_is_none(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    receipt = await hub.receive(request(), wait=True)
    job = await worker.next()
    assert receipt.answer is not None
    await hub.discard(job.delivery.id, "ada")
    assert await asyncio.wait_for(receipt.answer, 5) is None
    hub.outcomes.forget(receipt.event_id)


async def test_many_of_a_long_backlog_are_left_out(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), RecordingWorker(), replace=False)
    waiting = await received(hub, 250)
    aside = {one.id for one in waiting[5::7]}
    for number in sorted(aside)[:10]:
        await hub.discard(number, "ada")
    await hub.register(listener("lead"), worker, replace=False)
    begun = [await handed_out(worker, hub) for _ in range(60)]
    for number in sorted(aside)[10:]:
        await hub.discard(number, "ada")
    while await hub.store.deliveries.pending_counts():
        begun.append(await handed_out(worker, hub))
    assert begun == [one.id for one in waiting if one.id not in aside]


async def test_an_end_that_is_on_its_way_into_the_store_comes_first(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, go_on, finish = RecordingWorker(), asyncio.Event(), hub.store.deliveries.finish

    async def slowly(*end: Any) -> None:
        await go_on.wait()
        await finish(*end)

    await hub.register(listener("lead"), worker, replace=False)
    (first,) = await received(hub, 1)
    job = await worker.next()
    monkeypatch.setattr(hub.store.deliveries, "finish", slowly)
    ending = asyncio.create_task(hub.dispatcher.finish(job.delivery.id, job.lease, DONE))
    aside = asyncio.create_task(hub.discard(first.id, "ada"))
    await asyncio.sleep(0.05)
    assert not aside.done()
    go_on.set()
    with pytest.raises(ParameterError, match="has succeeded"):
        await aside
    await ending


async def test_one_that_could_not_be_set_aside_is_handed_out_again(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = RecordingWorker()

    async def full(*_: Any, **__: Any) -> int:
        raise BusyError("the disk is full")

    await hub.register(listener("lead"), worker, replace=False)
    (first,) = await received(hub, 1)
    await worker.next()
    with monkeypatch.context() as broken:
        broken.setattr(hub.store.deliveries, "finish", full)
        with pytest.raises(BusyError):
            await hub.discard(first.id, "ada")
    assert worker.discarded == []
    assert await handed_out(worker, hub) == first.id


async def test_the_list_has_what_runs_failed_or_is_dead_and_nobody_elses(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    _, failed, dead, running, _ = deliveries = await received(hub, 5)
    await hub.discard(dead.id, "ada")
    assert await handed_out(worker, hub) == deliveries[0].id
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    await worker.next()
    rows = await hub.history.unsuccessful("ada", 10)
    assert [(row["id"], row["status"]) for row in rows] == [
        (str(running.id), "running"),
        (str(dead.id), "dead"),
        (str(failed.id), "failed"),
    ]
    assert rows[0]["runningFor"] >= 0
    assert (rows[2]["listener"], rows[2]["eventKey"], rows[2]["error"]) == ("lead", "order.placed", FAILED.error)
    assert [row["id"] for row in await hub.history.unsuccessful("ada", 1)] == [str(running.id)]
    assert await hub.history.unsuccessful("eve", 10) == []
