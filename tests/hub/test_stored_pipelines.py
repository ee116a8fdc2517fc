"""Which stored pipelines listen, in memory and in a database, while events keep coming."""

from __future__ import annotations

import asyncio

import pytest

from pfnb.exceptions import AccessDeniedError
from pfnb.hub.hub import Hub
from pfnb.language.running.calls import PIPELINE_TYPE
from tests.hub.conftest import RecordingWorker, listener, request

FIRST, SECOND = "global/app/demo/first", "global/app/demo/second"
LISTENS = "pipeline:\n  - event.listen: {key: order.placed}\n  - log: {message: x}"


async def put(hub: Hub, path: str = FIRST, text: str = LISTENS, owner: str = "ada", kind: str = PIPELINE_TYPE) -> None:
    await hub.properties.put(path, {"value": text, "type": kind}, owner, "update")


async def test_nothing_waits_for_a_name_that_is_gone_however_fast_events_come(hub: Hub) -> None:
    await put(hub)
    here, there = FIRST, SECOND
    sent = 0
    moved = asyncio.Event()

    async def send() -> None:
        nonlocal sent
        while not moved.is_set():
            await hub.receive(request())
            sent += 1
            await asyncio.sleep(0)

    senders = [asyncio.create_task(send()) for _ in range(8)]
    for _ in range(20):
        await asyncio.sleep(0)
        await hub.properties.move(here, there, "ada")
        here, there = there, here
    moved.set()
    await asyncio.gather(*senders)
    assert await hub.store.deliveries.pending_counts() == {here: sent}


@pytest.mark.parametrize(
    "kind", ["application/yaml;type=pipeline", "application/json; type=pipeline", 'text/plain;a=b;TYPE="pipeline";']
)
async def test_the_type_says_what_is_a_pipeline(hub: Hub, kind: str) -> None:
    await put(hub, kind=kind)
    assert hub.listeners.get(FIRST).is_stored


async def test_other_properties_may_hold_what_they_like(hub: Hub) -> None:
    await put(hub, kind="application/yaml;type=form")
    assert hub.listeners.find(FIRST) is None


async def test_saving_the_same_once_more_leaves_its_runs_alone(hub: Hub) -> None:
    await put(hub)
    worker = RecordingWorker()
    await hub.pipelines.serve(worker)
    await hub.receive(request())
    await worker.next()
    await put(hub)
    assert (worker.revoked, len(hub.dispatcher.running())) == ([], 1)
    await put(hub, text=LISTENS + "\n  - log: {message: y}")
    assert worker.revoked == [FIRST]
    assert "message: y" in (await worker.next()).listener.source


async def test_a_pipeline_hears_of_other_properties_and_not_of_its_own_end(hub: Hub) -> None:
    text = "pipeline:\n  - event.listen: {key: property.*}\n  - log: {message: x}"
    await put(hub, text=text)
    await put(hub, "global/app/demo/other", "a text", kind="text/plain")
    assert await hub.store.deliveries.pending_counts() == {FIRST: 1}
    await hub.properties.delete(FIRST, "ada")
    runs = await hub.history.runs(FIRST, "ada", None, 10)
    assert [run["status"] for run in runs] == ["dead"]


async def test_a_webhook_may_not_have_the_key_of_somebody_elses_pipeline(hub: Hub) -> None:
    await hub.register(listener("lead", pattern="order.*"), RecordingWorker(), replace=False)
    hub.listeners.check_key("order.placed", "bob")  # a pattern of somebody else's takes no keys away
    with pytest.raises(AccessDeniedError, match="let ada create the webhook"):
        hub.listeners.check_key("order.*", "bob")
    await put(hub, SECOND, "pipeline:\n  - event.listen: {key: 'order.*'}", owner="bob")
    hub.listeners.check_key("order.*", "bob")
