"""Work that continues as long as a hub is open survives a failure: the log and the state say so, and it restarts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pfnb.exceptions import BusyError
from pfnb.hub import supervision
from pfnb.hub.dispatch.feed import Job
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.past import retention
from pfnb.hub.past.retention import Keep
from pfnb.hub.records.delivery import Outcome
from pfnb.hub.supervision import UNEXPECTED, Supervision
from tests.hub.conftest import UUID, RecordingWorker, listener, reads_fail, request


@pytest.fixture
async def durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.01)
    home = Home(HubOptions(tmp_path / "hub"))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
    yield home.hub
    await home.close()


async def until_trouble(hub: Hub, name: str) -> str:
    async with asyncio.timeout(5):
        while (trouble := hub.dispatcher.trouble(name)) is None:
            await asyncio.sleep(0.01)
    return trouble


async def test_a_listener_gets_its_events_after_the_store_could_not_be_read(
    durable: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    gone, back = RecordingWorker(), RecordingWorker()
    await durable.register(listener("lead"), gone, replace=False)
    await durable.dispatcher.detach(gone)
    waiting = [(await durable.receive(request())).event_id for _ in range(3)]
    with caplog.at_level(logging.WARNING, "pfnb.hub"), reads_fail(durable):
        with pytest.raises(BusyError, match="cannot read now"):
            await durable.store.events.get(waiting[0])
        await durable.register(listener("lead"), back, replace=False)
        assert "cannot read now" in await until_trouble(durable, "lead")
        said = durable.trouble(listener("lead")) or ""
        assert said.startswith("events for lead cannot be delivered: the store cannot read now")
        await asyncio.sleep(0.1)  # it fails some ten times meanwhile
        assert back.jobs.empty()
    assert caplog.text.count("events for lead could not be delivered: the store cannot read now") == 1
    said = [str(one.exc_info[1].orig) for one in caplog.records if one.message == "the store cannot read"]
    assert len(said) == len(set(said)) > 0
    for event_id in waiting:
        job = await back.next()
        assert (job.event.id, job.delivery.attempts) == (event_id, 0)
        await durable.dispatcher.finish(job.delivery.id, job.lease, Outcome(succeeded=True))
    assert durable.trouble(listener("lead")) is None


async def test_what_did_not_reach_its_worker_is_handed_over_again_as_the_same_attempt(durable: Hub) -> None:
    class Unreachable(RecordingWorker):
        failures = 2

        async def deliver(self, job: Job) -> None:
            if self.failures:
                self.failures -= 1
                raise ZeroDivisionError
            await super().deliver(job)

    worker = Unreachable()
    await durable.register(listener("lead"), worker, replace=False)
    first = (await durable.receive(request())).event_id
    second = (await durable.receive(request())).event_id
    for event_id in (first, second):
        job = await worker.next()
        assert (job.event.id, job.delivery.attempts) == (event_id, 0)
        await durable.dispatcher.finish(job.delivery.id, job.lease, Outcome(succeeded=True))


async def test_work_that_failed_begins_again_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.01)
    supervised, goes_well, seen = Supervision("it could not be done"), asyncio.Event(), []

    async def work() -> None:
        if not goes_well.is_set():
            seen.append(supervised.trouble)
            raise ZeroDivisionError("the same each time")
        seen.append("well")

    doing = asyncio.create_task(supervised.again_and_again(work, every=0.01))
    async with asyncio.timeout(5):
        while seen.count(UNEXPECTED) < 3:
            await asyncio.sleep(0.01)
        goes_well.set()
        while seen.count("well") < 2:
            await asyncio.sleep(0.01)
    assert supervised.trouble is None
    assert caplog.text.count("it could not be done: the same each time") == 1
    assert caplog.text.count("Traceback") == 1
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)


async def test_old_events_are_removed_after_the_store_could_not_be_read(
    durable: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(retention, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(retention, "SWEEP_SECONDS", 0.01)
    home = Home(HubOptions(tmp_path / "other", keep=Keep(days=1e-9)))
    await home.open()
    try:
        await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
        with reads_fail(home.hub):
            await home.hub.receive(request())
            async with asyncio.timeout(5):
                while "old events could not be removed" not in caplog.text:
                    await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            while await home.hub.store.events.of_webhook(UUID, 1, None):
                await asyncio.sleep(0.01)
    finally:
        await home.close()
