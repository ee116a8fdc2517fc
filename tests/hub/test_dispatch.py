"""An event reaches every listener of its key, in order, at least once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pfnb.exceptions import AccessDeniedError, BusyError, NameTakenError, NotFoundError, WaitTimeoutError
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import End, Outcome
from tests.hub.conftest import UUID, RecordingWorker, listener, request

DONE = Outcome(succeeded=True, value="done")
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"})


async def test_deliveries_come_one_at_a_time_in_the_order_of_commit(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    receipts = [await hub.receive(request(b'{"n": %d}' % number)) for number in range(3)]
    for receipt in receipts:
        job = await worker.next()
        assert job.event.id == receipt.event_id
        assert worker.jobs.empty()
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)


async def test_what_came_while_the_worker_was_away_is_handed_over_first(hub: Hub) -> None:
    gone, back = RecordingWorker(), RecordingWorker()
    await hub.register(listener("lead"), gone, replace=False)
    await hub.dispatcher.detach(gone)
    earlier = [(await hub.receive(request())).event_id for _ in range(3)]
    await hub.register(listener("lead"), back, replace=False)
    later = (await hub.receive(request())).event_id
    for expected in [*earlier, later]:
        job = await back.next()
        assert job.event.id == expected
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)


async def test_more_than_a_page_of_waiting_deliveries_comes_in_order_and_complete(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), RecordingWorker(), replace=False)
    await asyncio.gather(*(hub.receive(request()) for _ in range(250)))
    await hub.register(listener("lead"), worker, replace=False)
    handed = []
    for _ in range(250):
        job = await worker.next()
        handed.append(job.delivery.id)
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert handed == sorted(set(handed))
    assert await hub.store.deliveries.pending_counts() == {}


async def test_a_run_cut_off_by_a_lost_worker_is_handed_out_again_as_another_attempt(hub: Hub) -> None:
    lost, other = RecordingWorker(), RecordingWorker()
    await hub.register(listener("lead"), lost, replace=False)
    await hub.receive(request())
    first = await lost.next()
    await hub.dispatcher.detach(lost)
    await hub.register(listener("lead"), other, replace=False)
    second = await other.next()
    assert (second.delivery.id, second.delivery.attempts) == (first.delivery.id, 1)
    with pytest.raises(AccessDeniedError, match="no longer yours"):
        await hub.dispatcher.finish(first.delivery.id, first.lease, DONE)
    await hub.dispatcher.finish(second.delivery.id, second.lease, DONE)
    ((entry,),) = (await hub.store.deliveries.of_events([first.event.id])).values()
    assert (entry.status, entry.attempts) == ("succeeded", 2)


async def test_a_worker_that_is_replaced_is_told_so(hub: Hub) -> None:
    replaced = RecordingWorker()
    await hub.register(listener("lead"), replaced, replace=False)
    await hub.register(listener("lead"), RecordingWorker(), replace=False)
    assert replaced.revoked == ["lead"]


async def test_another_notebook_needs_replace_to_take_a_name(hub: Hub) -> None:
    await hub.register(listener("lead", "a.ipynb"), RecordingWorker(), replace=False)
    with pytest.raises(NameTakenError, match=r"held by a\.ipynb.*--replace"):
        await hub.register(listener("lead", "b.ipynb"), RecordingWorker(), replace=False)
    await hub.register(listener("lead", "b.ipynb"), RecordingWorker(), replace=True)
    assert hub.listeners.get("lead").notebook == "b.ipynb"


async def test_concurrency_lets_several_deliveries_run_at_once(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead", concurrency=3), worker, replace=False)
    for _ in range(5):
        await hub.receive(request())
    running = [await worker.next() for _ in range(3)]
    assert worker.jobs.empty()
    await hub.dispatcher.finish(running[1].delivery.id, running[1].lease, DONE)
    assert (await worker.next()).delivery.id > running[2].delivery.id


async def test_the_next_one_is_handed_out_while_the_end_of_the_last_is_committed(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, go_on, finish = RecordingWorker(), asyncio.Event(), hub.store.deliveries.finish

    async def slowly(*end: Any) -> None:
        await go_on.wait()
        await finish(*end)

    await hub.register(listener("lead"), worker, replace=False)
    for _ in range(2):
        await hub.receive(request())
    first = await worker.next()
    monkeypatch.setattr(hub.store.deliveries, "finish", slowly)
    ending = asyncio.create_task(hub.dispatcher.finish(first.delivery.id, first.lease, DONE))
    second = await worker.next()
    assert (ending.done(), second.delivery.id > first.delivery.id) == (False, True)
    with pytest.raises(AccessDeniedError):
        await hub.dispatcher.finish(first.delivery.id, first.lease, FAILED)
    go_on.set()
    await ending
    assert [one.status for one in (await hub.store.deliveries.of_events([first.event.id]))[first.event.id]] == [
        "succeeded"
    ]


async def test_ends_that_are_reported_together_are_stored_or_refused_each_for_itself(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead", concurrency=3), worker, replace=False)
    for _ in range(3):
        await hub.receive(request())
    first, second, third = [await worker.next() for _ in range(3)]
    ends = [
        End(first.delivery.id, first.lease, DONE),
        End(second.delivery.id, "another", DONE),
        End(first.delivery.id, first.lease, FAILED),
        End(third.delivery.id, third.lease, FAILED),
    ]
    errors = await hub.dispatcher.finish_all(ends)
    assert [type(error) for error in errors] == [type(None), AccessDeniedError, AccessDeniedError, type(None)]
    rows = await hub.store.deliveries.of_events([job.event.id for job in (first, second, third)])
    assert [row.status for (row,) in (rows[job.event.id] for job in (first, second, third))] == [
        "succeeded",
        "pending",
        "failed",
    ]


async def test_an_end_that_could_not_be_stored_is_reported_again_or_the_delivery_goes_to_another(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, other = RecordingWorker("s1"), RecordingWorker("s2")

    async def full(*_: Any) -> None:
        raise BusyError("the disk is full")

    for one in (worker, other):
        await hub.register(listener("lead", shared=True), one, replace=False)
    await hub.receive(request())
    job = await worker.next()
    with monkeypatch.context() as broken:
        broken.setattr(hub.store.deliveries, "finish", full)
        with pytest.raises(BusyError):
            await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
        reporting = asyncio.create_task(hub.dispatcher.finish(job.delivery.id, job.lease, DONE))
        await asyncio.sleep(0)  # it has begun to report again when its worker goes
        await hub.dispatcher.detach(worker)
        with pytest.raises(BusyError):
            await reporting
    again = await other.next()
    assert again.delivery.id == job.delivery.id
    await hub.dispatcher.finish(again.delivery.id, again.lease, DONE)
    assert await hub.store.deliveries.pending_counts() == {}


async def test_only_listeners_of_a_matching_pattern_get_the_event(hub: Hub) -> None:
    every, other = RecordingWorker(), RecordingWorker()
    await hub.register(listener("every", pattern="#"), every, replace=False)
    await hub.register(listener("other", pattern="order.*.late"), other, replace=False)
    receipt = await hub.receive(request())
    assert (await every.next()).event.id == receipt.event_id
    assert [one.listener for one in (await hub.store.deliveries.of_events([receipt.event_id]))[receipt.event_id]] == [
        "every"
    ]


async def test_a_deleted_listener_gets_nothing_more_and_its_worker_is_told(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    await hub.unregister("lead")
    receipt = await hub.receive(request())
    assert worker.revoked == ["lead"]
    assert (await hub.store.deliveries.of_events([receipt.event_id]))[receipt.event_id] == []
    with pytest.raises(NotFoundError, match="no pipeline named lead"):
        await hub.unregister("lead")


async def test_the_earliest_registered_listener_that_succeeded_answers_a_waiting_caller(hub: Hub) -> None:
    first, second, third = RecordingWorker(), RecordingWorker(), RecordingWorker()
    for name, worker in (("a", first), ("b", second), ("c", third)):
        await hub.register(listener(name), worker, replace=False)
    receipt = await hub.receive(request(), wait=True)
    assert receipt.answer is not None
    for worker, outcome in ((third, Outcome(True, "c")), (second, Outcome(True, "b")), (first, FAILED)):
        assert not receipt.answer.done()
        job = await worker.next()
        await hub.dispatcher.finish(job.delivery.id, job.lease, outcome)
    assert (await receipt.answer).value == "b"


async def test_a_listener_that_sets_a_response_answers_at_once(hub: Hub) -> None:
    slow, quick = RecordingWorker(), RecordingWorker()
    await hub.register(listener("slow"), slow, replace=False)
    await hub.register(listener("quick"), quick, replace=False)
    receipt = await hub.receive(request(), wait=True)
    job = await quick.next()
    answer = Outcome(True, "x", response={"status": 201, "headers": {}, "body": "made"})
    await hub.dispatcher.finish(job.delivery.id, job.lease, answer)
    assert await receipt.answer == answer


async def test_a_caller_learns_that_all_listeners_failed(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    receipt = await hub.receive(request(), wait=True)
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    assert await receipt.answer == FAILED


async def test_nobody_answers_where_every_filter_refused_the_event(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    receipt = await hub.receive(request(), wait=True)
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE, skipped=True)
    assert await receipt.answer is None


async def test_a_caller_does_not_wait_for_a_listener_that_was_deleted(hub: Hub) -> None:
    deleted, other = RecordingWorker(), RecordingWorker()
    await hub.register(listener("deleted"), deleted, replace=False)
    await hub.register(listener("other"), other, replace=False)
    receipt = await hub.receive(request(), wait=True)
    job = await other.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert receipt.answer is not None
    assert not receipt.answer.done()
    await hub.unregister("deleted")
    assert await receipt.answer == DONE


async def test_a_caller_does_not_wait_where_nobody_listens(hub: Hub) -> None:
    assert (await hub.receive(request(), wait=True)).answer is None


async def test_the_next_event_is_the_oldest_not_returned_yet_once_its_deliveries_ended(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    first, second = [(await hub.receive(request())).event_id for _ in range(2)]
    waiting = asyncio.create_task(
        hub.history.next("order.placed", since=0, exclude=[], listeners=["lead"], seconds=5, owner="ada")
    )
    job = await worker.next()
    assert not waiting.done()
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert (await waiting).id == first
    with pytest.raises(WaitTimeoutError):
        await hub.history.next("order.*", since=0, exclude=[first], listeners=["lead"], seconds=0.05, owner="ada")
    assert (
        await hub.history.next("order.*", since=0, exclude=[first], listeners=[], seconds=1, owner="ada")
    ).id == second


async def test_a_running_delivery_is_shown_as_running(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    await hub.receive(request())
    job = await worker.next()
    (entry,) = await hub.history.logs([job.event])
    assert entry["deliveries"] == [{"listener": "lead", "status": "running", "attempts": 1, "error": None}]


async def test_an_unfinished_delivery_survives_the_end_of_its_hub(tmp_path: Path) -> None:
    home = Home(HubOptions(tmp_path / "hub"))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    worker = RecordingWorker()
    await home.hub.register(listener("lead"), worker, replace=False)
    receipt = await home.hub.receive(request())
    await worker.next()
    await home.close()

    again, worker = Home(HubOptions(tmp_path / "hub")), RecordingWorker()
    await again.open()
    await again.hub.register(listener("lead"), worker, replace=False)
    assert (await worker.next()).event.id == receipt.event_id
    await again.close()


async def test_a_second_hub_cannot_live_in_the_same_folder(tmp_path: Path) -> None:
    home = Home(HubOptions(tmp_path / "hub"))
    with pytest.raises(BusyError, match="another hub is using"):
        Home(HubOptions(tmp_path / "hub"))
    await home.open()
    await home.close()
