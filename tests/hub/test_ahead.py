"""A worker gets the next deliveries before their turn has come, and nothing that is promised of a delivery changes by that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pfnb.hub.dispatch.feed import Job
from pfnb.hub.dispatch.window import PLACE_BYTES
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Outcome
from pfnb.language.retry import Retry
from tests.hub.conftest import RecordingWorker, listener, request

DONE = Outcome(succeeded=True, value="done")
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"})


async def begun(hub: Hub, count: int, body: bytes = b"{}", **changes: Any) -> tuple[RecordingWorker, list[str]]:
    """A worker that takes three ahead, and the ids of so many events that came for it."""
    worker = RecordingWorker(ahead=3)
    await hub.register(listener("lead", **changes), worker, replace=False)
    return worker, [(await hub.receive(request(body))).event_id for _ in range(count)]


async def handed(worker: RecordingWorker, count: int) -> list[Job]:
    jobs = [await worker.next() for _ in range(count)]
    for _ in range(10):
        await asyncio.sleep(0)  # whatever else could be handed over now, is
    assert worker.jobs.empty()
    return jobs


async def statuses(hub: Hub, ids: list[str]) -> list[tuple[str, int]]:
    events = [await hub.history.event(one, "ada") for one in ids]
    return [
        (row["deliveries"][0]["status"], row["deliveries"][0]["attempts"]) for row in await hub.history.logs(events)
    ]


async def test_the_next_ones_are_handed_over_in_sequence_and_begin_one_after_the_other(hub: Hub) -> None:
    worker, ids = await begun(hub, 6)
    jobs = await handed(worker, 4)
    assert [job.event.id for job in jobs] == ids[:4]
    assert await statuses(hub, ids) == [("running", 1), *[("pending", 0)] * 5]
    assert hub.dispatcher.held_by(worker) == {jobs[0].delivery.id: "lead"}
    await hub.dispatcher.finish(jobs[0].delivery.id, jobs[0].lease, DONE)
    assert (await handed(worker, 1))[0].event.id == ids[4]
    assert await statuses(hub, ids) == [("succeeded", 1), ("running", 1), *[("pending", 0)] * 4]


async def test_what_had_not_begun_when_its_worker_went_was_no_attempt(hub: Hub) -> None:
    worker, ids = await begun(hub, 6, concurrency=2)
    jobs = await handed(worker, 5)
    await hub.dispatcher.finish(jobs[1].delivery.id, jobs[1].lease, DONE)
    await hub.dispatcher.detach(worker)
    assert await statuses(hub, ids) == [("pending", 1), ("succeeded", 1), ("pending", 1), *[("pending", 0)] * 3]
    other = RecordingWorker()
    await hub.register(listener("lead"), other, replace=False)
    for expected in (ids[0], *ids[2:]):
        job = await other.next()
        assert job.event.id == expected
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)


@pytest.mark.parametrize("changes", [{"shared": True}, {"strict": True}, {"strict": True, "concurrency": 3}])
async def test_who_shares_a_listener_or_lets_nothing_pass_gets_none_ahead(hub: Hub, changes: dict[str, Any]) -> None:
    worker, ids = await begun(hub, 2, **changes)
    (job,) = await handed(worker, 1)
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert (await worker.next()).event.id == ids[1]


async def test_long_events_take_more_places_and_the_longest_wait_for_their_turn(hub: Hub) -> None:
    worker, _ = await begun(hub, 3, b'"%s"' % (b"x" * PLACE_BYTES))
    first, second = await handed(worker, 2)
    longest = await hub.receive(request(b'"%s"' % (b"x" * 20 * PLACE_BYTES)))
    await hub.dispatcher.finish(first.delivery.id, first.lease, DONE)
    (third,) = await handed(worker, 1)
    await hub.dispatcher.finish(second.delivery.id, second.lease, DONE)
    await handed(worker, 0)
    await hub.dispatcher.finish(third.delivery.id, third.lease, DONE)
    assert (await worker.next()).event.id == longest.event_id


async def test_an_end_that_comes_before_an_earlier_ones_makes_no_more_of_them_begin(hub: Hub) -> None:
    worker, ids = await begun(hub, 4)
    jobs = await handed(worker, 4)
    await hub.dispatcher.finish(jobs[2].delivery.id, jobs[2].lease, DONE)
    assert [status for status, _ in await statuses(hub, ids)] == ["running", "pending", "succeeded", "pending"]


async def test_one_that_failed_is_tried_again_behind_those_ahead(hub: Hub) -> None:
    worker, ids = await begun(hub, 2, retry=Retry(times=1, wait=0.01))
    first, second = await handed(worker, 2)
    await hub.dispatcher.finish(first.delivery.id, first.lease, FAILED)
    again = await worker.next()
    assert (again.event.id, again.delivery.attempts) == (ids[0], 1)
    assert hub.dispatcher.held_by(worker) == {second.delivery.id: "lead"}
