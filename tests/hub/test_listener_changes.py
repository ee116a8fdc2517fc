"""A stored pipeline changes in one commit, and no event waits for a name that is gone, however the two meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pfnb.hub.brokers.local import LocalBroker
from pfnb.hub.hub import Hub
from pfnb.hub.settings import Settings
from pfnb.language.running.calls import PIPELINE_TYPE
from tests.hub.conftest import UUID, RecordingWorker, listener, request, sqlite_store

PATH, MOVED = "global/app/demo/pipeline/lead", "global/app/demo/pipeline/moved"
TEXT = 'pipeline:\n  - event.listen: {key: %s}\n  - body.set: "%s"\n'


class SlowHub(Hub):
    """Counts the commits that change listeners. `goes_on`: events are committed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = sqlite_store(folder)
        super().__init__(store, LocalBroker(), Settings(folder / "bodies"))
        self.commits = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        for room, name in ((store.registry, "change_listeners"), (store.properties, "change")):
            monkeypatch.setattr(room, name, partial(self._counted, getattr(room, name)))
        monkeypatch.setattr(store.events, "add", partial(self._slowly, store.events.add))

    async def _counted(self, change: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        self.commits += 1
        return await change(*given)

    async def _slowly(self, add_event: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        await self.goes_on.wait()
        return await add_event(*given)


@pytest.fixture
async def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlowHub]:
    made = SlowHub(tmp_path, monkeypatch)
    await made.open()
    await made.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
    await save(made, "first")
    yield made
    await made.close()


async def save(hub: SlowHub, text: str, key: str = "order.placed") -> None:
    await hub.properties.put(PATH, {"value": TEXT % (key, text), "type": PIPELINE_TYPE}, "ada", "update")


async def states(hub: SlowHub, event_id: str) -> list[tuple[str, str]]:
    found = (await hub.store.deliveries.of_events([event_id]))[event_id]
    return [(delivery.listener, delivery.status) for delivery in found]


async def test_each_change_of_a_stored_pipeline_is_one_commit(hub: SlowHub) -> None:
    counted = []
    for change in (
        save(hub, "second"),
        hub.properties.move(PATH, MOVED, "ada"),
        hub.properties.delete(MOVED, "ada"),
    ):
        hub.commits = 0
        await change
        counted.append(hub.commits)
    assert counted == [1, 1, 1]


async def test_a_deleted_pipeline_of_a_notebook_is_one_commit(hub: SlowHub) -> None:
    await hub.register(listener("notebooks"), RecordingWorker(), replace=False)
    hub.commits = 0
    await hub.unregister("notebooks")
    assert hub.commits == 1


async def test_an_event_on_its_way_to_a_pipeline_that_moves_goes_with_it(hub: SlowHub) -> None:
    hub.goes_on.clear()
    receiving = asyncio.create_task(hub.receive(request()))
    await asyncio.sleep(0)
    moving = asyncio.create_task(hub.properties.move(PATH, MOVED, "ada"))
    while hub.listeners.find(PATH) is not None:
        await asyncio.sleep(0.001)
    hub.goes_on.set()
    receipt = await receiving
    await moving
    assert await states(hub, receipt.event_id) == [(MOVED, "pending")]


async def test_an_event_on_its_way_to_a_pipeline_that_is_deleted_does_not_wait_for_it(hub: SlowHub) -> None:
    hub.goes_on.clear()
    receiving = asyncio.create_task(hub.receive(request()))
    await asyncio.sleep(0)
    deleting = asyncio.create_task(hub.properties.delete(PATH, "ada"))
    while hub.listeners.find(PATH) is not None:
        await asyncio.sleep(0.001)
    hub.goes_on.set()
    receipt = await receiving
    await deleting
    assert await states(hub, receipt.event_id) == [(PATH, "dead")]


async def test_a_pipeline_that_hears_of_moves_hears_of_its_own(hub: SlowHub) -> None:
    await save(hub, "heard", key="property.moved")
    await hub.properties.move(PATH, MOVED, "ada")
    ((delivery, event),) = await hub.store.deliveries.runs(MOVED, "ada", None, 10)
    assert (event.event_key, delivery.status) == ("property.moved", "pending")
