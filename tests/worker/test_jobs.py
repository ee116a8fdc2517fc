"""Jobs in a real worker process."""

from __future__ import annotations

from typing import Any

from pfnb.hub.clock import now
from pfnb.hub.jobs import Jobs
from tests.http.conftest import UUID
from tests.worker.conftest import PATH, Hub

DAY = 86_400_000


async def tomorrow(hub: Hub) -> None:
    """What happens once the clock shows tomorrow."""
    inner = hub.server.hub
    await Jobs(
        inner.listeners,
        inner.store,
        inner.pipelines.schedule_of,
        inner._is_stopped,
        inner._start_job,
        lambda: now() + 2 * DAY,
    ).tick()


async def steps(hub: Hub, run: dict[str, Any]) -> list[Any]:
    return [step["command"] for step in await hub.server.hub.history.steps(int(run["id"]), "ada")]


async def test_a_job_runs_as_its_owner_without_an_event(hub: Hub) -> None:
    put = "property.put: {path: global/app/demo/done, value: '#{@user.username()} #{body} #{vars.greeting}'}"
    await hub.put(PATH, f"vars: {{greeting: hello}}\npipeline:\n  - job: DAILY\n  - {put}")
    await tomorrow(hub)
    run = await hub.ended("succeeded")
    assert await steps(hub, run) == ["job", "property.put"]
    assert (await hub.server.hub.properties.get("global/app/demo/done", "ada")).value == "ada  hello"


async def test_a_job_that_fails_is_tried_again_and_listed(hub: Hub) -> None:
    headers = "headers: {retry: {times: 1, wait: 0}}"
    await hub.put(PATH, f"{headers}\npipeline:\n  - job: {{schedule: DAILY}}\n  - error: {{message: no}}")
    await tomorrow(hub)
    run = await hub.ended("dead")
    assert run["attempts"] == 2
    [row] = (await hub.http.get("/api/v3/command/job.list")).json()
    assert (row["pipelineKey"], row["schedule"], row["lastStatus"]) == (PATH, "DAILY", "dead")
    assert row["lastRun"].endswith("Z")


async def test_a_job_is_stopped_and_started_over_http(hub: Hub) -> None:
    await hub.put(PATH, "pipeline:\n  - job: DAILY\n  - body.set: 1")
    for command, running in (("job.stop", False), ("job.start", True)):
        await hub.http.post(f"/api/v3/command/{command}", params={"pipelineKey": f"/pipeforce/default/{PATH}"})
        found = await hub.http.get("/api/v3/command/job.status", params={"pipelineKey": PATH})
        assert found.json()["running"] is running
    assert (await hub.http.post("/api/v3/command/job.stop", params={"pipelineKey": "nothing"})).status_code == 404


async def test_an_event_that_is_replayed_to_a_job_brings_nothing(hub: Hub) -> None:
    put = "property.put: {path: global/app/demo/done, value: '#{body}'}"
    await hub.put(PATH, f"pipeline:\n  - job: DAILY\n  - {put}")
    await hub.send({"name": "Eve"})
    [event] = (await hub.http.get("/api/v3/command/webhook.receive.logs", params={"token": UUID})).json()
    await hub.server.hub.replay(event["id"], "ada", PATH)
    await hub.ended("succeeded")
    assert (await hub.server.hub.properties.get("global/app/demo/done", "ada")).value in (None, "null")
