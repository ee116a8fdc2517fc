"""What failed is tried again when its listener says so, and is dead after the last attempt."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pfnb.hub.clock import now
from pfnb.hub.dispatch.feed import Job
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Delivery, Listener, Outcome
from pfnb.language.retry import Retry
from tests.hub.conftest import UUID, RecordingWorker, listener, request

DONE = Outcome(succeeded=True, value="done")
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"})


def trying(times: int = 2, wait: float = 0.05, **changes: Any) -> Listener:
    return listener("lead", retry=Retry(times=times, wait=wait, backoff=2), **changes)


async def delivery_of(hub: Hub, job: Job) -> Delivery:
    (delivery,) = (await hub.store.deliveries.of_events([job.event.id]))[job.event.id]
    return delivery


async def test_a_failed_attempt_makes_the_delivery_pending_and_the_last_one_dead(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(trying(), worker, replace=False)
    await hub.receive(request())
    pauses = []
    for attempt in range(3):
        job = await worker.next()
        assert job.delivery.attempts == attempt
        failed_at = now()
        await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
        delivery = await delivery_of(hub, job)
        pauses.append(delivery.not_before - failed_at)
        assert (delivery.status, delivery.attempts, delivery.error) == (
            "pending" if attempt < 2 else "dead",
            attempt + 1,
            FAILED.error,
        )
    assert 50 <= pauses[0] < 100 <= pauses[1]


async def test_a_delivery_that_waits_lets_others_pass_and_comes_when_its_time_has(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(trying(wait=0.2), worker, replace=False)
    first = (await hub.receive(request())).event_id
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    second = (await hub.receive(request())).event_id
    job = await worker.next()
    assert job.event.id == second
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    job = await worker.next()
    assert (job.event.id, job.delivery.not_before <= now()) == (first, True)
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert (await delivery_of(hub, job)).status == "succeeded"


async def test_a_strict_listener_lets_none_pass(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(trying(strict=True), worker, replace=False)
    sent = [(await hub.receive(request())).event_id for _ in range(2)]
    handed = []
    for outcome in (FAILED, FAILED, DONE, DONE):
        job = await worker.next()
        assert job.delivery.not_before <= now()
        handed.append(job.event.id)
        await hub.dispatcher.finish(job.delivery.id, job.lease, outcome)
    assert handed == [sent[0], sent[0], sent[0], sent[1]]


async def test_a_caller_is_answered_after_the_last_attempt(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(trying(times=1), worker, replace=False)
    receipt = await hub.receive(request(), wait=True)
    assert receipt.answer is not None
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    assert not receipt.answer.done()
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    assert await receipt.answer == FAILED


async def test_retries_survive_the_end_of_their_hub(tmp_path: Path) -> None:
    home, worker = Home(HubOptions(tmp_path / "hub")), RecordingWorker()
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    await home.hub.register(trying(wait=1), worker, replace=False)
    await home.hub.receive(request())
    job = await worker.next()
    await home.hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    later = (await home.hub.receive(request())).event_id
    await home.close()

    again, worker = Home(HubOptions(tmp_path / "hub")), RecordingWorker()
    await again.open()
    await again.hub.register(trying(wait=1), worker, replace=False)
    passing = await worker.next()
    assert passing.event.id == later
    await again.hub.dispatcher.finish(passing.delivery.id, passing.lease, DONE)
    waited = await worker.next()
    assert (waited.event.id, waited.delivery.attempts, waited.delivery.not_before <= now()) == (job.event.id, 1, True)
    await again.close()


async def test_more_than_a_page_of_retries_is_handed_out_once_each_by_their_times(hub: Hub) -> None:
    away, worker = RecordingWorker(), RecordingWorker()
    await hub.register(trying(), away, replace=False)
    await hub.dispatcher.detach(away)
    await asyncio.gather(*(hub.receive(request()) for _ in range(250)))
    waiting = [delivery.id for delivery, _ in await hub.store.deliveries.pending("lead", 0, 250)]
    for place, number in enumerate(reversed(waiting)):
        await hub.store.deliveries.finish(number, "pending", FAILED.error, (), now() - 1000 + place)
    await hub.register(trying(concurrency=8), worker, replace=False)
    handed = []
    for _ in waiting:
        job = await worker.next()
        handed.append(job.delivery.id)
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert handed == waiting[::-1]
    assert await hub.store.deliveries.pending_counts() == {}
