"""Stored pipelines that listen, in a real worker process."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pfnb.exceptions import NameTakenError, NotFoundError, PipelineError
from pfnb.http.server import LocalServer
from pfnb.hub import handover
from pfnb.hub.home import HubOptions
from tests.http.conftest import RECEIVE, UUID
from tests.hub.conftest import RecordingWorker, listener
from tests.worker.conftest import PATH, Hub, until


async def test_a_saved_pipeline_runs_for_the_next_event(hub: Hub) -> None:
    await hub.save('body.set: "Hello #{body.payload.name}"')
    assert await hub.answer({"name": "Ada"}) == "Hello Ada"
    (run,) = await hub.runs()
    steps = await hub.server.hub.history.steps(int(run["id"]), "ada")
    assert [step["command"] for step in steps] == ["event.listen", "body.set"]


async def test_nothing_is_started_before_a_pipeline_listens(hub: Hub) -> None:
    await hub.put(PATH, "pipeline:\n  - log: {message: nobody listens}")
    await hub.send()
    assert hub.server.hub.workers.stored.pid is None


async def test_a_changed_pipeline_runs_what_waits(hub: Hub) -> None:
    await hub.save("wait: {ms: 60000}")
    await hub.send({"n": 1})
    await hub.ended("running")
    await hub.send({"n": 2})
    await hub.save('body.set: "changed #{body.payload.n}"')
    await hub.ended("succeeded")
    assert [run["status"] for run in await hub.runs()] == ["succeeded", "succeeded"]
    assert await hub.answer({"n": 3}) == "changed 3"


async def test_what_waits_for_a_deleted_one_is_dead(hub: Hub) -> None:
    await hub.save("wait: {ms: 60000}")
    await hub.send()
    await hub.ended("running")
    await hub.server.hub.properties.delete(PATH, "ada")
    run = await hub.ended("dead")
    assert run["error"] == {"statusMessage": "the listener was deleted"}
    assert (await hub.send())["status"] == "running"
    assert len(await hub.runs()) == 1


async def test_what_waits_for_a_moved_one_goes_with_it(hub: Hub) -> None:
    await hub.save("wait: {ms: 60000}")
    await hub.send()
    await hub.ended("running")
    await hub.server.hub.properties.move(PATH, "global/app/demo/pipeline/moved", "ada")
    await hub.ended("running", "global/app/demo/pipeline/moved")
    assert await hub.runs() == []


async def test_a_copied_one_listens_beside_it(hub: Hub) -> None:
    await hub.save('body.set: "done"')
    await hub.server.hub.properties.copy(PATH, "global/app/demo/pipeline/second", "ada")
    await hub.send()
    await hub.ended("succeeded")
    await hub.ended("succeeded", "global/app/demo/pipeline/second")


async def test_a_property_that_is_no_pipeline_any_more_listens_no_more(hub: Hub) -> None:
    await hub.save("log: {message: heard}")
    await hub.server.hub.properties.put(PATH, {"value": "a text", "type": "text/plain"}, "ada", "update")
    await hub.send()
    assert await hub.runs() == []


@pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
async def test_pipelines_that_send_each_others_keys_are_ended_with_the_chain_they_made(hub: Hub) -> None:
    other = "global/app/demo/pipeline/other"
    await hub.save("iam.run.as: {username: ada}", "event.send: {key: order.checked}")
    await hub.save("iam.run.as: {username: ada}", "event.send: {key: order.placed}", path=other, key="order.checked")
    await hub.send({"n": 1})
    run = await hub.ended("failed")
    assert "33 events led to it" in run["error"]["statusMessage"]
    assert "order.placed → order.checked → order.placed" in run["error"]["statusMessage"]
    assert (len(await hub.runs()), len(await hub.runs(other))) == (17, 16)


async def test_a_broken_pipeline_is_not_saved(hub: Hub) -> None:
    await hub.save("log: {message: fine}")
    with pytest.raises(PipelineError) as caught:
        await hub.put(PATH, "pipeline:\n  - event.listen: {key: order.placed}\n  - lug: x")
    assert (caught.value.line, caught.value.column) == (3, 5)
    assert "fine" in str((await hub.server.hub.properties.get(PATH, "ada")).value)
    with pytest.raises(PipelineError):
        await hub.put("global/app/demo/pipeline/new", "pipeline:\n  - lug: x")
    with pytest.raises(NotFoundError):
        await hub.server.hub.properties.get("global/app/demo/pipeline/new", "ada")


async def test_a_pipeline_begins_as_nobody_and_may_run_as_its_owner(hub: Hub) -> None:
    await hub.save("property.list: {pattern: global/**}")
    await hub.send()
    run = await hub.ended("failed")
    assert "anonymousUser may not run property.list" in run["error"]["statusMessage"]
    lifted = ("property.list: {pattern: global/**}", 'body.set: "#{body.size()}"')
    await hub.save("iam.run.as: {username: ada}", *lifted)
    assert await hub.answer() == 1
    await hub.save(*lifted, headers="{authorization: RunAs ada}")
    assert await hub.answer() == 1


async def test_who_was_refused_is_told_with_the_pipeline_and_the_trace(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    await hub.save("property.list: {pattern: global/**}")
    trace = (await hub.send())["traceId"]
    await hub.ended("failed")
    assert f"anonymousUser may not run property.list (pipeline {PATH}, trace {trace})" in caplog.text


async def test_the_hub_refuses_a_user_whom_the_owners_pipelines_may_not_run_as(hub: Hub) -> None:
    await hub.server.hub.users.create("bob", hub.server.hub.users.user("ada"), password=None, roles=["CAN_PIPE_%"])
    await hub.save("iam.run.as: {username: bob}", "iam.user.list")
    await hub.send()
    assert "CAN_RUN_AS_TARGET" in (await hub.ended("failed"))["error"]["statusMessage"]
    await hub.server.hub.users.add_roles("bob", ["CAN_RUN_AS_TARGET"], hub.server.hub.users.user("ada"))
    await hub.save(
        "iam.run.as: {username: bob}", "property.put: {path: global/app/demo/bobs, value: 1}", 'body.set: "done"'
    )
    assert await hub.answer() == "done"
    assert (await hub.server.hub.properties.get("global/app/demo/bobs", "bob")).owner == "bob"


async def test_a_pipeline_whose_user_was_deleted_fails_and_says_so(hub: Hub) -> None:
    await hub.server.hub.users.create("bob", hub.server.hub.users.user("ada"), password=None, roles=[])
    await hub.put(PATH, "pipeline:\n  - event.listen: {key: bobs.event}\n  - log: {message: x}", owner="bob")
    await hub.server.hub.users.delete("bob")
    await hub.server.hub.send("bobs.event", None, owner="bob")

    async def failed() -> object:
        runs = await hub.runs(owner="bob")
        return runs and runs[0]["status"] == "failed" and runs[0]["error"]["statusMessage"]

    assert "who was deleted" in str(await until(failed))


async def test_what_one_user_receives_is_nobody_elses_to_hear(hub: Hub) -> None:
    await hub.server.hub.users.create("bob", hub.server.hub.users.user("ada"), password=None, roles=[])
    await hub.put("global/app/demo/spy", "pipeline:\n  - event.listen: {key: '#'}\n  - log: {message: x}", owner="bob")
    await hub.save('body.set: "mine"')
    assert await hub.answer() == "mine"
    assert await hub.runs("global/app/demo/spy") == []


async def test_failed_runs_are_tried_again_as_the_headers_say(hub: Hub) -> None:
    await hub.save("error: {message: broken}", headers="{retry: {times: 2, wait: 0.01}}")
    await hub.send()
    run = await hub.ended("dead")
    assert (run["attempts"], "broken" in run["error"]["statusMessage"]) == (3, True)


async def test_a_path_that_names_a_notebooks_pipeline_is_taken(hub: Hub) -> None:
    await hub.server.hub.register(listener(PATH), RecordingWorker(), replace=False)
    with pytest.raises(NameTakenError, match=r"a\.ipynb"):
        await hub.save("log: {message: x}")


async def test_a_notebook_cannot_take_a_stored_pipelines_name(hub: Hub) -> None:
    await hub.save("log: {message: x}")
    with pytest.raises(NameTakenError, match="stored pipeline"):
        await hub.server.hub.register(listener(PATH), RecordingWorker(), replace=True)


async def test_a_worker_that_is_killed_in_the_middle_of_a_run_is_replaced_and_the_run_repeated(hub: Hub) -> None:
    await hub.save("wait: {ms: 60000}", 'body.set: "done"')
    await hub.send()
    await hub.ended("running")
    first = hub.server.hub.workers.stored.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)

    async def again() -> bool:
        (run,) = await hub.runs()
        return (run["status"], run["attempts"]) == ("running", 2)

    await until(again)
    assert hub.server.hub.workers.stored.pid != first


async def test_a_run_that_ends_the_worker_each_time_is_given_up(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "MAX_CUT_OFF", 1)
    await hub.save("wait: {ms: 60000}")
    await hub.send()
    await hub.ended("running")
    assert hub.server.hub.workers.stored.pid is not None
    os.kill(hub.server.hub.workers.stored.pid, signal.SIGKILL)
    assert "started 1 times and never finished" in (await hub.ended("failed"))["error"]["statusMessage"]


@pytest.mark.parametrize("hub", ["memory"], indirect=True)
async def test_headers_say_how_many_run_at_once_and_whether_order_is_kept(hub: Hub) -> None:
    await hub.save("wait: {ms: 60000}", headers="{concurrency: 3}")
    for _ in range(5):
        await hub.send()

    async def running() -> int:
        return [run["status"] for run in await hub.runs()].count("running") == 3

    await until(running)
    fails_first = 'error: {message: first, if: "#{body.payload == 1}"}'
    ordered = "global/app/demo/pipeline/ordered"
    await hub.save(fails_first, path=ordered, headers="{retry: {times: 1, wait: 0.2}, ordered: strict}")
    await hub.send(1)
    await hub.send(2)
    await hub.ended("succeeded", ordered)
    assert [run["status"] for run in await hub.runs(ordered)] == ["succeeded", "dead"]


async def test_an_answer_to_a_waiting_caller_is_its_to_set(hub: Hub) -> None:
    await hub.save('http.response.set: {statusCode: 201, body: "made"}')
    answer = await hub.http.post(RECEIVE, params={"uuid": UUID, "wait": "true"}, json=1)
    assert (answer.status_code, answer.text) == (201, "made")


async def test_what_a_file_has_in_it_can_be_read(hub: Hub) -> None:
    await hub.save('body.set: "#{@content.load(body.payload.children[0])}"')
    files = {"file": ("a.txt", b"text of a file", "text/plain")}
    answer = await hub.http.post(RECEIVE, params={"uuid": UUID, "wait": "true"}, files=files)
    assert answer.json()["value"] == "text of a file"


async def test_a_hub_with_many_of_them_ends_cleanly(tmp_path: Path) -> None:
    server = LocalServer(HubOptions(tmp_path / "hub", owner="ada"))
    await server.start()
    hub = Hub(server)
    for number in range(50):
        await hub.save("log: {message: x}", path=f"{PATH}{number}")

    async def connected() -> bool:
        return server.hub.dispatcher.workers(f"{PATH}49") == 1

    await until(connected)
    await hub.http.aclose()
    await server.stop()


async def test_pipelines_listen_again_after_a_restart(tmp_path: Path) -> None:
    for number in (1, 2):
        server = LocalServer(HubOptions(tmp_path / "hub", owner="ada"))
        await server.start()
        hub = Hub(server)
        if number == 1:
            await server.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
            await hub.save('body.set: "#{body.payload}"')
        assert await hub.answer(number) == number
        await hub.http.aclose()
        await server.stop()


async def test_a_cycle_of_pipelines_is_named(hub: Hub) -> None:
    second = "global/app/demo/pipeline/second"
    await hub.put(second, f"pipeline:\n  - pipeline.run: {PATH}")
    await hub.save("iam.run.as: {username: ada}", f"pipeline.run: {second}")
    await hub.send()
    message = (await hub.ended("failed"))["error"]["statusMessage"]
    assert "in a circle" in message
    assert f"{second} → {PATH} → {second}" in message


@pytest.mark.parametrize("hub", ["memory"], indirect=True)
async def test_the_steps_of_its_last_run_are_read_by_command(hub: Hub) -> None:
    await hub.save('body.set: "#{body.payload}"')
    assert await hub.answer(1) == 1
    shown = (await hub.http.get("/api/v3/command/pipeline.debug", params={"name": PATH})).json()
    assert [(step["command"], shown["status"]) for step in shown["steps"]][-1] == ("body.set", "succeeded")


async def test_a_pipeline_with_a_command_of_pipeforce_fails_at_its_event_and_is_not_retried(hub: Hub) -> None:
    await hub.save("property.put: {path: global/app/demo/done, value: 1}", "script.run: {script: x}")
    await hub.send({})
    run = await hub.ended("failed")
    assert (run["error"]["errorType"], run["attempts"]) == ("UnknownCommandError", 1)
    assert "JavaScript" in run["error"]["statusMessage"]
    assert await hub.server.hub.properties.find("global/app/demo/done", "ada") == []
