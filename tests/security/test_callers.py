"""What callers send runs in processes of its own: one for each user, started when it is needed, ended when it is stuck."""

from __future__ import annotations

import asyncio
import os
import signal

import httpx
import pytest

from pfnb.exceptions import AccessDeniedError, BusyError, WorkerEndedError
from pfnb.http import wire
from pfnb.http.session_calls import WorkerCalls
from pfnb.hub.access import NOWHERE
from pfnb.hub.origin import Origin
from pfnb.hub.workers import callers, watchdog
from pfnb.language.port import User
from tests.hub.conftest import RecordingWorker
from tests.security.conftest import People
from tests.worker.conftest import until

WAITS = "wait: {ms: 60000}"


def pids(people: People) -> set[int]:
    return {process.pid for process in people.server.hub.workers.callers.processes if process.pid is not None}


async def waiting(people: People, client: httpx.AsyncClient, path: str) -> asyncio.Future[httpx.Response]:
    """A pipeline that has begun, and takes long."""
    run = asyncio.ensure_future(people.run(client, f"property.put: {{path: {path}, value: x}}", WAITS))

    async def has_begun() -> bool:
        return any([await people.server.hub.properties.find(path, owner) for owner in ("ada", "mal")])

    await until(has_begun)
    return run


async def test_each_user_has_a_process_and_keeps_it(people: People) -> None:
    mal = await people.join("mal", "CAN_PIPE_%")
    assert pids(people) == set(), "nothing was sent yet, and commands that ask the hub need none"
    for _ in range(2):
        assert (await people.run(people.ada, "body.set: x")).text == "x"
    assert len(pids(people)) == 1
    assert (await people.run(mal, "body.set: x")).text == "x"
    assert len(pids(people)) == 2
    assert os.getpid() not in pids(people)


async def test_a_process_that_no_longer_answers_is_ended_and_only_its_user_feels_it(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "ANSWER_SECONDS", 3)
    monkeypatch.setattr(watchdog, "_LOOK_SECONDS", 0.1)
    mal = await people.join("mal", "CAN_PIPE_%")
    run = await waiting(people, mal, "a/of-mal")
    (pid,) = pids(people)
    other = await waiting(people, people.ada, "a/of-ada")
    os.kill(pid, signal.SIGSTOP)
    error = (await run).json()
    assert (error["statusCode"], error["errorType"]) == (500, "WorkerEndedError")
    assert "it did not answer" in error["statusMessage"]
    assert pid not in pids(people)
    assert not other.done()
    assert (await people.run(mal, "body.set: again")).text == "again"
    other.cancel()


async def test_a_process_that_is_killed_ends_its_runs_with_an_error(people: People) -> None:
    run = await waiting(people, people.ada, "a/b")
    (pid,) = pids(people)
    os.kill(pid, signal.SIGKILL)
    assert "ended with status -9" in (await run).json()["statusMessage"]


async def test_a_hub_that_stops_ends_the_processes_of_its_callers(people: People) -> None:
    run = await waiting(people, people.ada, "a/b")
    (pid,) = pids(people)
    await people.server.hub.workers.callers.end()
    assert "the hub is stopping" in (await run).json()["statusMessage"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_users_beyond_the_number_of_processes_share_one_or_take_an_idle_one(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "MOST_PROCESSES", 1)
    monkeypatch.setattr(callers, "SPARED_SECONDS", 0)
    mal = await people.join("mal", "CAN_PIPE_%")
    run = await waiting(people, people.ada, "a/b")
    (pid,) = pids(people)
    assert (await people.run(mal, "body.set: shared")).text == "shared"
    assert pids(people) == {pid}
    os.kill(pid, signal.SIGKILL)
    await run
    assert (await people.run(people.ada, "body.set: x")).text == "x"
    (of_ada,) = pids(people)
    assert (await people.run(mal, "body.set: x")).text == "x"
    assert of_ada not in pids(people)


async def test_users_that_take_turns_share_a_process_instead_of_starting_one_for_each_run(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "MOST_PROCESSES", 1)
    mal = await people.join("mal", "CAN_PIPE_%")
    seen = set()
    for client in (people.ada, mal, people.ada, mal):
        assert (await people.run(client, "body.set: x")).text == "x"
        seen |= pids(people)
    assert len(seen) == 1


async def test_while_an_idle_process_ends_no_more_than_one_takes_its_place(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "MOST_PROCESSES", 1)
    monkeypatch.setattr(callers, "SPARED_SECONDS", 0)
    clients = [await people.join(f"mal{number}", "CAN_PIPE_%") for number in range(4)]
    assert (await people.run(people.ada, "body.set: x")).text == "x"
    answers = [asyncio.ensure_future(people.run(client, "body.set: x")) for client in clients]
    most = 0
    while not all(answer.done() for answer in answers):
        most = max(most, len(people.server.hub.workers.callers.processes))
        await asyncio.sleep(0.001)
    assert [(await answer).text for answer in answers] == ["x"] * 4
    assert most == 2, "the one that ends, and the one that is new"


async def test_one_user_has_so_many_runs_at_once_and_leaves_room_for_others(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "MOST_PROCESSES", 1)
    monkeypatch.setattr(callers, "MOST_RUNS", 1)
    mal = await people.join("mal", "CAN_PIPE_%")
    run = await waiting(people, mal, "a/of-mal")
    assert (await people.run(mal, "body.set: x")).json()["errorType"] == "BusyError"
    assert (await people.run(people.ada, "body.set: x")).text == "x"
    run.cancel()


async def test_a_process_that_is_ended_before_it_begins_leaves_no_caller_waiting(people: People) -> None:
    runs, user = people.server.hub.workers.callers, people.server.hub.users.user("ada")
    run = asyncio.ensure_future(runs.run(callers.Run(user, None, Origin("login")), {}))
    await asyncio.sleep(0)
    await runs.end()
    with pytest.raises(WorkerEndedError):
        await asyncio.wait_for(run, 5)
    assert runs.processes == []
    with pytest.raises(BusyError):
        await runs.run(callers.Run(user, None, Origin("login")), {})


async def test_a_run_whose_expression_waits_for_a_pipeline_ends_in_time_and_its_process_goes_on(people: People) -> None:
    path = "global/app/demo/pipeline/late"
    await people.ada.put(f"/api/v3/pipeline:{path}", content="pipeline:\n  - wait: {ms: 60000}\n")
    text = "headers: {timeout: 0.3}\npipeline:\n"
    text += f"  - body.set: \"#{{@resolve.uri('$uri:pipeline:{path}')}}\"\n"
    for _ in range(5):  # more than a user has threads
        answer = await people.ada.post("/api/v3/pipeline", content=text)
        assert (answer.status_code, answer.json()["errorType"]) == (504, "RunTimeoutError")
    (pid,) = pids(people)
    assert (await people.ada.post("/api/v3/pipeline", content=text)).status_code == 504
    assert pids(people) == {pid}


async def test_half_a_surrogate_pair_is_answered_as_a_question_mark(people: People) -> None:
    assert (await people.run(people.ada, """body.set: "#{@json.load('\\"\\\\ud800\\"')}\"""")).text == "?"


async def test_an_idle_process_ends(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "IDLE_SECONDS", 0.05)
    assert (await people.run(people.ada, "body.set: x")).text == "x"

    async def has_ended() -> bool:
        return not people.server.hub.workers.callers.processes

    await until(has_ended)
    assert (await people.run(people.ada, "body.set: y")).text == "y"


async def test_a_run_that_takes_longer_than_its_timeout_ends(people: People) -> None:
    text = "headers: {timeout: 0.3}\npipeline:\n  - foreach: {in: '#{@data.integerList(1, 100000)}', as: a}\n"
    text += "  - var.set: {key: b, value: '#{vars.a + 1}'}\n  - foreach.end:\n"
    answer = await people.ada.post("/api/v3/pipeline", content=text)
    assert (answer.status_code, answer.json()["errorType"]) == (504, "RunTimeoutError")


async def test_a_worker_acts_for_the_callers_whose_runs_it_has_and_for_nobody_else(people: People) -> None:
    await waiting(people, people.ada, "a/b")
    runs = people.server.hub.workers.callers
    ((number, _),) = next(iter(runs._places)).runs.items()
    calls = WorkerCalls(people.server.site, RecordingWorker(), Origin("worker"))
    for given in (number, number + 1, "1", None, [number]):
        with pytest.raises(AccessDeniedError):
            await calls.run("get_webhooks", {"run": given})
    with pytest.raises(AccessDeniedError):
        await calls.run("answer_run", {"run": number, "status": 200, "headers": {}})


async def test_a_run_that_is_too_long_to_be_sent_is_an_error_and_the_others_that_wait_begin(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 200_000)
    long, short = await asyncio.gather(
        people.run(people.ada, f"body.set: {'x' * 300_000}"), people.run(people.ada, "body.set: done")
    )
    assert (long.json()["errorType"], short.text) == ("RunLimitError", "done")


async def test_a_run_whose_caller_has_left_may_finish(people: People) -> None:
    steps = [f"property.put: {{path: a/{name}, value: x}}" for name in ("begun", "ended")]
    run = asyncio.ensure_future(people.run(people.ada, steps[0], "wait: {ms: 500}", steps[1]))
    await until(lambda: people.server.hub.properties.find("a/begun", "ada"))
    run.cancel()
    await until(lambda: people.server.hub.properties.find("a/ended", "ada"))


async def test_a_run_that_goes_on_long_after_its_caller_left_is_stopped(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "LEFT_SECONDS", 0.2)
    run = await waiting(people, people.ada, "a/begun")
    run.cancel()
    site = people.server.site

    async def is_free() -> bool:
        return not any(site.hub.workers.callers.names(session) for session in site.sessions)

    await until(is_free)
    assert (await people.run(people.ada, "body.set: x")).text == "x"


async def test_nobody_waits_for_a_refused_run_whose_caller_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MOST_RUNS", 0)
    runs = callers.CallerRuns()
    runs.begin("http://localhost")
    run = callers.Run(User("ada", frozenset()), None, NOWHERE)
    left = asyncio.ensure_future(runs.left(run))
    with pytest.raises(BusyError):
        await runs.run(run, {})
    async with asyncio.timeout(5):
        await left
