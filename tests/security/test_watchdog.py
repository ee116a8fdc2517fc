"""A worker that no longer answers is replaced, and a run that brings this about again and again is given up."""

from __future__ import annotations

import os
import signal

import pytest

from pfnb.hub.dispatch import suspects
from pfnb.hub.workers import keeper as worker_process
from pfnb.hub.workers import watchdog
from tests.worker.conftest import Hub, hub, until  # noqa: F401 - a fixture

PATH = "global/app/demo/pipeline/lead"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "ANSWER_SECONDS", 5)
    monkeypatch.setattr(watchdog, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(worker_process, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(worker_process, "LONGEST_PAUSE", 0.1)


async def stop_worker(hub: Hub, attempt: int = 1) -> int:  # noqa: F811
    """Stop the worker at this attempt of a run. Its process id."""
    await running(hub, attempt)
    return stopped(hub)


async def running(hub: Hub, attempt: int, path: str = PATH) -> None:  # noqa: F811
    """Wait until the only run of a pipeline is at this attempt."""

    async def is_running() -> bool:
        return [(run["status"], run["attempts"]) for run in await hub.runs(path)] == [("running", attempt)]

    await until(is_running)


def stopped(hub: Hub) -> int:  # noqa: F811
    """Stop the worker, as code that never returns would. Its process id."""
    pid = hub.server.hub.workers.stored.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return pid


async def replaced(hub: Hub, pid: int) -> None:  # noqa: F811
    async def is_another() -> bool:
        return hub.server.hub.workers.stored.pid not in (None, pid)

    await until(is_another)


@pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
async def test_a_worker_that_does_not_answer_is_replaced_and_its_runs_begin_again(
    hub: Hub,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    await hub.save("wait: {ms: 300}", 'body.set: "#{body.payload}"')
    await hub.send(1)
    await replaced(hub, await stop_worker(hub))
    run = await hub.ended("succeeded")
    assert run["attempts"] == 2
    assert "the worker did not answer for 5" in caplog.text
    assert f"while running these pipelines: {PATH}" in caplog.text


@pytest.mark.parametrize("hub", ["memory"], indirect=True)
async def test_a_run_that_stops_its_worker_again_and_again_is_given_up(
    hub: Hub,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suspects, "MAX_ENDS", 2)
    await hub.save("wait: {ms: 60000}")
    await hub.send(1)
    for attempt in (1, 2):
        await replaced(hub, await stop_worker(hub, attempt))
    run = await hub.ended("dead")
    assert "the worker ended 2 times while it ran" in run["error"]["statusMessage"]


@pytest.mark.parametrize("hub", ["memory"], indirect=True)
async def test_a_run_beside_one_that_stops_the_worker_is_not_given_up(
    hub: Hub,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suspects, "MAX_ENDS", 2)
    paths = [PATH, f"{PATH}-too"]
    for path in paths:
        await hub.save("wait: {ms: 4000}", path=path)
    await hub.send(1)
    for attempt in (1, 2):
        for path in paths:
            await running(hub, attempt, path)
        await replaced(hub, stopped(hub))

    async def all_have_ended() -> list[str] | None:
        states = sorted([(await hub.runs(path))[0]["status"] for path in paths])
        return None if "running" in states or "pending" in states else states

    assert await until(all_have_ended) == ["dead", "succeeded"]


@pytest.mark.parametrize("hub", ["memory"], indirect=True)
async def test_a_worker_that_answers_is_left_alone(hub: Hub) -> None:  # noqa: F811
    await hub.save("wait: {ms: 6000}", 'body.set: "#{body.payload}"')
    assert await hub.answer(1) == 1
    (run,) = await hub.runs()
    assert run["attempts"] == 1
