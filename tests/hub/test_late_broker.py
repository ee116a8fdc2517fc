"""A broker may announce a delivery long after its commit: it is handed over all the same, once, and as it is by then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from pfnb.hub.brokers.local import LocalBroker
from pfnb.hub.dispatch import waiting
from pfnb.hub.dispatch.waiting import Fresh, Waiting
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Delivery, Outcome
from pfnb.hub.records.event import Event
from pfnb.hub.settings import Settings
from pfnb.hub.stores.memory.store import MemoryStore
from tests.hub.conftest import UUID, RecordingWorker, event, listener, request

DONE = Outcome(succeeded=True, value="done")


class LateBroker(LocalBroker):
    """Announces nothing until it is let: as one does that runs in another process."""

    def __init__(self) -> None:
        super().__init__()
        self.held_back: list[tuple[str, int]] = []

    async def publish(self, listener: str, delivery: int) -> None:
        self.held_back.append((listener, delivery))

    async def holds(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.held_back) < count:
                await asyncio.sleep(0)

    async def announce(self, count: int) -> None:
        """Once so many are held back."""
        await self.holds(count)
        for name, delivery in self.held_back:
            await super().publish(name, delivery)
        self.held_back.clear()


class CountingStore(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self._pending, self.deliveries.pending = self.deliveries.pending, self._counted

    async def _counted(self, listener: str, after: int, limit: int) -> Sequence[tuple[Delivery, Event]]:
        self.reads += 1
        return await self._pending(listener, after, limit)


class LateHub(Hub):
    def __init__(self, folder: Path) -> None:
        self.broker, self.counting = LateBroker(), CountingStore()
        super().__init__(self.counting, self.broker, Settings(folder))
        self.worker = RecordingWorker()

    async def idle(self) -> None:
        """Once the worker has had an event, and nothing is left to be read."""
        await self.receive(request())
        await self.broker.announce(1)
        await self.end_next()
        while not self.dispatcher._feeds["lead"].backlog._caught_up:
            await asyncio.sleep(0)

    async def end_next(self) -> Delivery:
        job = await self.worker.next()
        await self.dispatcher.finish(job.delivery.id, job.lease, DONE)
        return job.delivery


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LateHub]:
    made = LateHub(tmp_path)
    await made.open()
    await made.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
    await made.register(listener("lead"), made.worker, replace=False)
    await made.idle()
    yield made
    await made.close()


async def test_what_is_announced_late_is_handed_over_from_memory(hub: LateHub) -> None:
    reads = hub.counting.reads
    receipts = [await hub.receive(request(b'{"n": 1}')), await hub.receive(request(b'{"n": 2}'))]
    await hub.broker.announce(2)
    first = await hub.worker.next()
    await hub.dispatcher.finish(first.delivery.id, first.lease, DONE)
    second = await hub.worker.next()
    assert [first.event.id, second.event.id] == [receipt.event_id for receipt in receipts]
    assert (first.body, second.body) == (b'{"n": 1}', b'{"n": 2}')
    assert hub.counting.reads == reads


async def test_what_is_announced_too_late_is_read_from_the_store(hub: LateHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FRESH_SECONDS", 0.0)
    reads = hub.counting.reads
    receipt = await hub.receive(request())
    await hub.broker.announce(1)
    assert (await hub.end_next()).event_id == receipt.event_id
    assert hub.counting.reads > reads


@pytest.mark.parametrize("published", [0, 2])
async def test_what_was_set_aside_before_its_announcement_is_not_run(hub: LateHub, published: int) -> None:
    aside, other = await hub.receive(request()), await hub.receive(request())
    await hub.broker.holds(published)
    (delivery,) = (await hub.store.deliveries.of_events([aside.event_id]))[aside.event_id]
    await hub.discard(delivery.id, "ada")
    await hub.broker.announce(2)
    assert (await hub.end_next()).event_id == other.event_id
    assert hub.worker.jobs.empty()


async def test_what_was_read_and_run_before_its_announcement_is_not_run_again(hub: LateHub) -> None:
    await hub.receive(request())
    await hub.broker.holds(1)
    ((_, late),) = hub.broker.held_back
    wake = hub.dispatcher._feeds["lead"].backlog.announced
    wake(1)  # an old one, again: the rest is read from the store
    assert (await hub.end_next()).id == late
    wake(1)
    await hub.broker.announce(1)
    last = await hub.receive(request())
    await hub.broker.announce(1)
    assert (await hub.end_next()).event_id == last.event_id


def test_only_so_many_that_nobody_announced_are_kept() -> None:
    fresh = Fresh()
    for number in range(waiting.MOST_FRESH + 1):
        fresh.keep(Waiting(Delivery(number, f"e{number}", "lead"), event(number)))
    assert fresh.take(0) is None
    taken = fresh.take(1)
    assert taken is not None
    assert taken.delivery.id == 1
    assert fresh.take(1) is None
