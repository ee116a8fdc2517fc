"""Several workers serve one listener, and each delivery goes to one of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from pfnb.exceptions import AccessDeniedError, NameTakenError
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Listener, Outcome
from tests.hub.conftest import RecordingWorker, listener, request

DONE = Outcome(succeeded=True)


def shared(notebook: str, session: str, **changes: Any) -> Listener:
    return listener("lead", notebook, shared=True, session=session, **changes)


async def test_each_delivery_goes_to_one_of_the_workers(hub: Hub) -> None:
    first, second = RecordingWorker("s1"), RecordingWorker("s2")
    await hub.register(shared("a.ipynb", "s1"), first, replace=False)
    await hub.register(shared("b.ipynb", "s2"), second, replace=False)
    sent = {(await hub.receive(request())).event_id for _ in range(4)}
    handed = set()
    for worker in (first, second, first, second):
        job = await worker.next()
        assert worker.jobs.empty()
        handed.add(job.event.id)
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert handed == sent
    assert (first.revoked, second.revoked) == ([], [])


async def test_a_worker_that_dies_gives_its_deliveries_back_to_the_others_and_they_come_first(hub: Hub) -> None:
    dying, living = RecordingWorker("s1"), RecordingWorker("s2")
    await hub.register(shared("a.ipynb", "s1", concurrency=2), dying, replace=False)
    lost = [(await hub.receive(request())).event_id for _ in range(2)]
    cut_off = [await dying.next() for _ in range(2)]
    later = (await hub.receive(request())).event_id
    await hub.dispatcher.detach(dying)
    await hub.register(shared("b.ipynb", "s2"), living, replace=False)
    for expected, attempts in ((lost[0], 1), (lost[1], 1), (later, 0)):
        job = await living.next()
        assert (job.event.id, job.delivery.attempts) == (expected, attempts)
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    with pytest.raises(AccessDeniedError, match="no longer yours"):
        await hub.dispatcher.finish(cut_off[0].delivery.id, cut_off[0].lease, DONE)


async def test_deliveries_given_back_while_others_serve_are_handed_out_at_once(hub: Hub) -> None:
    dying, living = RecordingWorker("s1"), RecordingWorker("s2")
    await hub.register(shared("a.ipynb", "s1"), dying, replace=False)
    receipt = await hub.receive(request())
    await dying.next()
    await hub.register(shared("a.ipynb", "s2"), living, replace=False)
    assert living.jobs.empty()
    await hub.dispatcher.detach(dying)
    job = await living.next()
    assert (job.event.id, job.delivery.attempts) == (receipt.event_id, 1)


async def test_a_session_that_comes_back_takes_the_place_of_its_broken_connection(hub: Hub) -> None:
    broken, back = RecordingWorker("s1"), RecordingWorker("s1")
    await hub.register(shared("a.ipynb", "s1"), broken, replace=False)
    receipt = await hub.receive(request())
    await broken.next()
    await hub.register(shared("a.ipynb", "s1"), back, replace=False, resume=True)
    assert (await back.next()).event.id == receipt.event_id
    assert hub.dispatcher.workers("lead") == 1


async def test_who_does_not_share_needs_replace_and_then_the_others_are_told(hub: Hub) -> None:
    sharing, alone = RecordingWorker("s1"), RecordingWorker("s2")
    await hub.register(shared("a.ipynb", "s1"), sharing, replace=False)
    for unlike in (listener("lead", "b.ipynb"), shared("b.ipynb", "s2", pattern="order.paid")):
        with pytest.raises(NameTakenError, match=r"held by a\.ipynb"):
            await hub.register(unlike, alone, replace=False)
    await hub.register(listener("lead", "b.ipynb"), alone, replace=True)
    assert (sharing.revoked, hub.dispatcher.workers("lead")) == (["lead"], 1)


async def test_a_session_that_was_replaced_while_away_does_not_take_the_name_back(hub: Hub) -> None:
    away, now_there = RecordingWorker("s1"), RecordingWorker("s2")
    await hub.register(listener("lead", session="s1"), away, replace=False)
    await hub.dispatcher.detach(away)
    await hub.register(listener("lead", session="s2"), now_there, replace=False)
    with pytest.raises(NameTakenError, match="taken over by another kernel"):
        await hub.register(listener("lead", session="s1"), away, replace=False, resume=True)
    await hub.register(listener("lead", session="s2"), now_there, replace=False, resume=True)
    assert now_there.revoked == []


async def test_a_name_of_another_owner_is_not_taken_over_at_all(hub: Hub) -> None:
    await hub.register(listener("lead"), RecordingWorker(), replace=False)
    theirs = replace(listener("lead"), owner="eve")
    with pytest.raises(NameTakenError, match="held by ada"):
        await hub.register(theirs, RecordingWorker(), replace=True)


async def test_no_event_passes_another_of_a_strict_listener_whoever_serves_it(hub: Hub) -> None:
    workers = [RecordingWorker("s1"), RecordingWorker("s2")]
    for worker in workers:
        await hub.register(shared("a.ipynb", worker.session, strict=True), worker, replace=False)
    sent = [(await hub.receive(request())).event_id for _ in range(3)]
    for expected in sent:
        waiting = [asyncio.create_task(worker.jobs.get()) for worker in workers]
        (done, others) = await asyncio.wait(waiting, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        (job,) = [task.result() for task in done]
        assert job.event.id == expected
        assert all(worker.jobs.empty() for worker in workers)
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
