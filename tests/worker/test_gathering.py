"""Stored pipelines that handle several events at once, or only the newest, in a real worker process."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from pfnb.hub.home import HubOptions
from tests.worker.conftest import PATH, Hub, running_hub, until


async def test_a_batch_is_the_events_in_a_list_and_everybody_gets_its_answer(hub: Hub) -> None:
    await hub.save("body.set: '#{body.events.![payload.n]}'", headers="{batch: {size: 3, wait: 20s}}")
    answers = await asyncio.gather(*(hub.answer({"n": number}) for number in range(3)))
    assert [sorted(answer) for answer in answers] == [[0, 1, 2]] * 3
    assert [run["status"] for run in await hub.runs()] == ["succeeded"] * 3


async def test_there_is_a_list_also_for_one_event(hub: Hub) -> None:
    await hub.save("body.set: '#{body.events.![payload.n]}'", headers="{batch: {size: 3, wait: 100ms}}")
    assert await hub.answer({"n": 7}) == [7]


async def test_the_filter_of_event_listen_applies_to_each_event_of_a_batch(hub: Hub) -> None:
    text = (
        "headers: {batch: {size: 4, wait: 20s}}\npipeline:\n"
        "  - event.listen: {key: order.placed, filter: '#{body.payload.n % 2 == 1}'}\n"
        "  - body.set: '#{body.events.![payload.n]}'"
    )
    await hub.put(PATH, text)
    answers = await asyncio.gather(*(hub.answer({"n": number}) for number in range(4)))
    assert [sorted(answer) for answer in answers] == [[1, 3]] * 4
    received = await asyncio.gather(*(hub.send({"n": 2 * number}, wait="true") for number in range(4)))
    assert {answer["status"] for answer in received} == {"running"}, "it refused all of them"


async def test_a_batch_that_fails_is_tried_again_with_all_its_events(hub: Hub) -> None:
    steps = ("error: {message: no}", "body.set: never")
    await hub.save(*steps, headers="{batch: {size: 2, wait: 20s}, retry: {times: 1, wait: 0.1}}")
    for number in range(2):
        await hub.send({"n": number})
    await hub.ended("dead")
    assert [(run["status"], run["attempts"]) for run in await hub.runs()] == [("dead", 2), ("dead", 2)]


async def test_all_events_of_a_batch_come_again_when_the_worker_is_killed(tmp_path: Path) -> None:
    async with running_hub(HubOptions(tmp_path / "hub")) as hub:
        headers = "{batch: {size: 3, wait: 20s}}"
        await hub.save("wait: {ms: 60000}", headers=headers)
        for number in range(3):
            await hub.send({"n": number})
        await hub.ended("running")
        first = hub.server.hub.workers.stored.pid
        assert first is not None
        await hub.save("wait: {ms: 300}", "body.set: '#{body.events.![payload.n]}'", headers=headers)
        await hub.ended("running")
        os.kill(first, signal.SIGKILL)
        await hub.ended("succeeded")
        assert [run["status"] for run in await hub.runs()] == ["succeeded"] * 3


async def test_an_event_of_a_running_batch_is_discarded_and_the_others_run(hub: Hub) -> None:
    await hub.save(
        "wait: {ms: 1500}", "body.set: '#{body.events.![payload.n]}'", headers="{batch: {size: 3, wait: 20s}}"
    )
    for number in range(3):
        await hub.send({"n": number})
    await hub.ended("running")
    oldest = (await hub.runs())[-1]["id"]
    await hub.server.hub.discard(int(oldest), "ada")
    await hub.ended("succeeded")
    assert [run["status"] for run in await hub.runs()] == ["succeeded", "succeeded", "dead"]


async def test_only_the_newest_event_runs_after_a_while_of_quiet(hub: Hub) -> None:
    await hub.save("body.set: '#{body.payload.n}'", headers="{debounce: {wait: 300ms, by: '#{body.payload.id}'}}")
    sent = [hub.send({"id": number % 2, "n": number}, wait="true") for number in range(4)]
    answers = [asyncio.create_task(one) for one in sent]

    async def all_ended() -> bool:
        return all(answer.done() for answer in answers)

    await until(all_ended)
    values = [answer.result().get("value") for answer in answers]
    assert len([value for value in values if value is not None]) == 2
    runs = await hub.runs()
    assert [run["status"] for run in runs] == ["succeeded"] * 4
    assert sorted(run["attempts"] for run in runs) == [0, 0, 1, 1]
