"""Senders that ask later what has become of their request: by async commands, and at the address of results."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.hub.keeping import results
from tests.http.conftest import RECEIVE, UUID
from tests.live.stores import STORES
from tests.worker.conftest import Hub, running_hub, until

COMPLETING = "async.complete: {correlationId: '#{body.correlationId}', input: {said: hello}}"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with running_hub(STORES["sqlite"](tmp_path / "hub")) as made:
        yield made


async def call(hub: Hub, command: str, correlation: str | None = None, **given: Any) -> httpx.Response:
    asked = {} if correlation is None else {"correlationId": correlation}
    return await hub.http.post(f"api/v3/command/async.{command}", params={**asked, **given})


async def state(hub: Hub, correlation: str) -> dict[str, Any]:
    row: dict[str, Any] = (await call(hub, "poll", correlation, redirect="false")).json()
    return row


async def ended(hub: Hub, correlation: str) -> dict[str, Any]:
    async def row() -> dict[str, Any] | None:
        found = await state(hub, correlation)
        return found if found["status"] != "running" else None

    found: dict[str, Any] = await until(row)
    return found


async def test_what_a_pipeline_has_made_can_be_asked_for(hub: Hub) -> None:
    await hub.save('body.set: "Hello #{body.payload.name}"')
    receipt = await hub.send({"name": "Ada"})
    row = await ended(hub, receipt["correlationId"])
    assert (row["status"], row["statusCode"], row["value"]) == ("finished", 200, "Hello Ada")
    assert row["created"] == receipt["created"]
    assert (await call(hub, "get", receipt["correlationId"])).text == "Hello Ada"
    (listed,) = (await call(hub, "list", state="finished")).json()
    assert (listed["correlationId"], "value" in listed) == (receipt["correlationId"], False)
    assert (await call(hub, "list", status="error")).json() == []


async def test_a_response_that_is_false_is_the_value(hub: Hub) -> None:
    await hub.save("http.response.set: {body: false}", "body.set: other")
    assert (await ended(hub, (await hub.send())["correlationId"]))["value"] is False


async def test_while_it_runs_it_is_running_and_asking_leads_back(hub: Hub) -> None:
    await hub.save("wait: {ms: 60000}")
    correlation = (await hub.send())["correlationId"]
    running = await call(hub, "poll", correlation, redirect="false")
    assert (running.status_code, running.json()["status"]) == (202, "running")
    nothing = await call(hub, "get", correlation)
    assert (nothing.status_code, nothing.content) == (204, b"")
    moved = await call(hub, "poll", correlation)
    assert moved.status_code == 301
    assert str(hub.http.base_url.join(moved.headers["Location"])) == str(moved.url).replace("&redirect=false", "")


async def test_async_complete_answers_who_waits_and_the_first_counts(hub: Hub) -> None:
    await hub.save(
        COMPLETING, "async.complete: {correlationId: '#{body.correlationId}', input: second}", "wait: {ms: 60000}"
    )
    answer = await asyncio.wait_for(hub.send(wait="true"), 30)
    assert answer == {"status": "finished", "statusCode": 200, "value": {"said": "hello"}}


async def test_another_program_completes_it(hub: Hub) -> None:
    await hub.save("log: handed on")
    correlation = (await hub.send())["correlationId"]
    await hub.ended("succeeded")
    assert (await state(hub, correlation))["status"] == "running"
    done = await hub.http.post("api/v3/command/async.complete", params={"correlationId": correlation}, json={"n": 1})
    assert done.status_code == 200
    assert (await state(hub, correlation))["value"] == {"n": 1}


async def test_a_message_completes_it(hub: Hub) -> None:
    correlation = (await hub.send())["correlationId"]
    step = {"message.send": {"key": f"async.complete.{correlation}", "payload": {"n": 2}}}
    assert (await hub.http.post("api/v3/pipeline", json={"pipeline": [step]})).status_code == 200
    assert (await state(hub, correlation))["value"] == {"n": 2}


async def test_a_failed_run_is_an_error(hub: Hub) -> None:
    await hub.save('error: {message: "out of stock"}')
    row = await ended(hub, (await hub.send())["correlationId"])
    assert (row["status"], row["statusCode"], row["statusMessage"]) == ("error", 500, "out of stock")


async def test_cancelling_stops_the_run(hub: Hub) -> None:
    await hub.save("wait: {ms: 60000}")
    correlation = (await hub.send())["correlationId"]
    await hub.ended("running")
    assert (await call(hub, "cancel", correlation)).json()["status"] == "cancelled"
    assert (await hub.ended("dead"))["error"]["statusMessage"].endswith("its result was cancelled")
    assert (await call(hub, "complete", correlation)).json()["status"] == "cancelled"


@pytest.mark.parametrize("command", ["poll", "get", "cancel", "ping", "complete"])
async def test_an_unknown_id_is_gone(hub: Hub, command: str) -> None:
    answer = await call(hub, command, "254d7d80-4530-431a-a0cc-c606e8faa406")
    assert answer.json()["status"] == "gone"
    assert answer.status_code == (410 if command in ("poll", "get") else 200)
    assert (await call(hub, command)).status_code == 400


async def test_others_do_not_find_it(hub: Hub) -> None:
    correlation = (await hub.send())["correlationId"]
    kept = hub.server.hub.results
    assert kept.find(correlation, "eve") is None
    assert kept.complete(correlation, "eve", 1)["status"] == "gone"
    assert kept.of("eve", None) == []


async def test_a_result_is_forgotten_after_a_while_and_a_ping_keeps_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = hub.server.hub.results
    correlation = (await hub.send())["correlationId"]
    started = kept._now()
    monkeypatch.setattr(kept, "_now", lambda: started + 1000 * (results.RUNNING_SECONDS - 1))
    assert (await call(hub, "ping", correlation)).json()["status"] == "running"
    monkeypatch.setattr(kept, "_now", lambda: started + 1000 * (results.RUNNING_SECONDS + 60))
    assert (await state(hub, correlation))["status"] == "running"
    monkeypatch.setattr(kept, "_now", lambda: started + 2000 * results.RUNNING_SECONDS)
    assert (await state(hub, correlation))["status"] == "gone"


async def test_memory_for_results_is_bounded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = hub.server.hub.results
    monkeypatch.setattr(results, "MAX_SIZE", 1000)
    monkeypatch.setattr(results, "MAX_RESULTS", 3)
    ids = [(await hub.send())["correlationId"] for _ in range(4)]
    assert [row["correlationId"] for row in kept.of("ada", None)] == ids[1:]
    for correlation in ids[1:]:
        kept.complete(correlation, "ada", "x" * 400)
    assert [row["correlationId"] for row in kept.of("ada", None)] == ids[2:]
    assert kept._used <= 1000


async def test_a_stranger_is_sent_to_the_result(hub: Hub) -> None:
    await hub.save(
        "wait: {ms: 200}", "http.response.set: {status: 201, headers: {X-Order: '7'}}", "body.set: {value: {n: 7}}"
    )
    async with httpx.AsyncClient(base_url=hub.server.url, trust_env=False) as stranger:
        asked = {"uuid": UUID, "pollingRedirectEnabled": "true"}
        sent = await stranger.post(RECEIVE, params=asked, json={})
        assert (sent.status_code, sent.json()["status"], sent.headers["Retry-After"]) == (503, "running", "3")
        assert sent.headers["pipeforce-result-correlationid"] == sent.json()["correlationId"]
        where = str(hub.http.base_url.join(sent.headers["Location"]))

        async def ready() -> httpx.Response | None:
            answer = await stranger.get(where)
            return None if answer.status_code == 503 else answer

        answer = await until(ready)
        assert (answer.status_code, answer.headers["X-Order"], answer.json()) == (201, "7", {"n": 7})
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        assert (await stranger.get("api/v3/result", params={"correlationId": "x"})).status_code == 410
        assert (await stranger.get("api/v3/result")).status_code == 410


async def test_a_stranger_does_not_read_the_error_of_a_pipeline(hub: Hub) -> None:
    await hub.save('error: {message: "the secret stock"}')
    correlation = (await hub.send())["correlationId"]
    await ended(hub, correlation)
    async with httpx.AsyncClient(base_url=hub.server.url, trust_env=False) as stranger:
        answer = await stranger.get("api/v3/result", headers={"pipeforce-result-correlationid": correlation})
    assert (answer.status_code, answer.json()["status"]) == (500, "error")
    assert "secret" not in json.dumps(answer.json())
