"""A hub that is told to stop answers the requests that are under way before it goes."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from tests.live.hub import HubClient
from tests.live.served import RECEIVE, served

CALLERS = 50


def put_pipeline(hub: HubClient, key: str, milliseconds: int) -> str:
    """The uuid of a webhook whose events run a pipeline that takes so long."""
    source = (
        f"pipeline:\n  - event.listen: {{eventKey: {key}}}\n  - wait: {{ms: {milliseconds}}}\n  - body.set: done\n"
        f"headers:\n  concurrency: {CALLERS}\n"
    )
    path = f"global/app/stop/pipeline/{key}"
    hub.command("property.put", path=path, value=source, type="application/yaml;type=pipeline")
    return str(hub.command("webhook.put", eventKey=key, payloadType="raw")["uuid"])


@pytest.mark.timeout(60)
async def test_requests_under_way_are_answered_when_the_hub_is_told_to_stop(tmp_path: Path) -> None:
    with served(tmp_path) as hub:
        client = hub.client()
        quick, slow = put_pipeline(client, "quick", 2_000), put_pipeline(client, "slow", 60_000)
        address = f"http://{hub.netloc}{RECEIVE}"
        async with httpx.AsyncClient(trust_env=False, timeout=30, limits=httpx.Limits(max_connections=None)) as callers:

            async def call(uuid: str) -> tuple[int, str]:
                answer = await callers.post(address, params={"uuid": uuid, "wait": "true"}, json={})
                return answer.status_code, answer.json()["status"]

            assert await call(quick) == (200, "finished")  # the worker is there
            calls = [asyncio.create_task(call(uuid)) for uuid in [quick] * CALLERS + [slow]]
            async with asyncio.timeout(20):
                while client.command("webhook.get", uuid=quick)[0]["received"] <= CALLERS:
                    await asyncio.sleep(0.01)
            hub.process.send_signal(signal.SIGTERM)
            answers = await asyncio.gather(*calls)
        assert answers[-1] == (200, "running")
        assert set(answers[:-1]) == {(200, "finished")}
        client.close()
        hub.process.wait(10)
