"""The Python client that PIPEFORCE publishes runs against a hub unchanged."""

from __future__ import annotations

import asyncio

import pytest
from pipeforce_sdk import Config, PipeforceClient

from pfnb.http.server import LocalServer


@pytest.fixture
def sdk(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> PipeforceClient:
    """Configured as its own guide says, by the environment."""
    for name, value in {
        "PIPEFORCE_SERVICE": "tests",
        "PIPEFORCE_NAMESPACE": "default",
        "PIPEFORCE_HUB_URL": server.url,
        "PIPEFORCE_SECRET": f"Bearer {server.token}",
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    return PipeforceClient(Config(), log_cfg=False)


async def test_it_runs_a_command(sdk: PipeforceClient) -> None:
    made = await asyncio.to_thread(sdk.run_command, "webhook.put", {"eventKey": "webhook.lead.created"})
    assert (made["eventKey"], made["active"]) == ("webhook.lead.created", True)
    listed = await asyncio.to_thread(sdk.run_command, "webhook.get")
    assert made["uuid"] in [webhook["uuid"] for webhook in listed]
    assert await asyncio.to_thread(sdk.run_command, "log", {"message": "Grüße", "level": "WARN"}) == "Grüße"


async def test_it_runs_a_pipeline(sdk: PipeforceClient) -> None:
    text = "body: {name: Zoë}\npipeline:\n  - body.set: {value: 'Hello #{body.name}'}\n"
    assert await asyncio.to_thread(sdk.run_pipeline, text) == "Hello Zoë"
    assert await asyncio.to_thread(sdk.run_pipeline, "pipeline:\n  - body.set: {value: [1, 2]}\n") == [1, 2]


async def test_it_is_told_what_was_wrong(sdk: PipeforceClient) -> None:
    with pytest.raises(Exception, match=r"code: 400.*did you mean .{1,2}webhook\.put"):
        await asyncio.to_thread(sdk.run_command, "webhook.putt", {"eventKey": "a.b"})
    with pytest.raises(Exception, match=r"code: 401"):
        await asyncio.to_thread(sdk.run_command, "log", {"message": "x"}, bearer_token="wrong")
