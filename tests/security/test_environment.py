"""Secrets of the hub's environment reach neither the processes it starts nor the pipelines it runs."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from pfnb.environment import for_children
from tests.security.conftest import People
from tests.worker.conftest import Hub, hub

__all__ = ["hub"]
SECRETS = {
    "PFNB_TOKEN": "s3cr3t-1",
    "PFNB_HUB": '{"token": "s3cr3t-2"}',
    "PFNB_URL": "http://s3cr3t-3",
    "JUPYTERHUB_API_TOKEN": "s3cr3t-4",
    "JUPYTERHUB_API_URL": "s3cr3t-5",
    "JPY_API_TOKEN": "s3cr3t-6",
    "JPY_SESSION_NAME": "s3cr3t-7",
    "JUPYTER_TOKEN": "s3cr3t-8",
    "AWS_SECRET_ACCESS_KEY": "s3cr3t-9",
    "GITHUB_TOKEN": "s3cr3t-10",
    "PGPASSWORD": "s3cr3t-11",
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("REGION", "eu")


async def test_the_workers_environment_holds_no_secret(hub: Hub) -> None:
    await hub.save('body.set: "#{body.payload}"')
    assert await hub.answer(1) == 1
    pid = hub.server.hub.workers.stored.pid
    environment = await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_bytes)
    assert b"REGION=eu" in environment
    assert b"s3cr3t" not in environment
    assert hub.server.token.encode() not in environment


def test_what_a_child_needs_is_left_to_it() -> None:
    kept = {"PATH": "/bin", "PFNB_ALLOW_TARGETS": "10.0.0.1", "PFNB_INSTANCE_ENV": "REGION", "PFNB_STAGE": "qa"}
    assert for_children({**SECRETS, **kept}) == kept


async def test_a_variable_is_read_only_where_the_hubs_owner_allows_it(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve = await people.join("eve", "CAN_PIPE_body.set")
    grace = await people.join("grace", "CAN_PIPE_body.set, CAN_PIPE_instance.env")

    def reading(name: str) -> str:
        return f"body.set: {{value: \"#{{@instance.env('{name}')}}\"}}"

    assert (await people.run(grace, reading("REGION"))).text in ("", "null")
    (process,) = people.server.hub.workers.callers.processes
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)  # a process keeps the environment that it was started with
    async with asyncio.timeout(10):
        while people.server.hub.workers.callers.processes:
            await asyncio.sleep(0.01)
    monkeypatch.setenv("PFNB_INSTANCE_ENV", ", ".join(["REGION", *SECRETS]))
    assert (await people.run(grace, reading("REGION"))).text == "eu"
    refused = await people.run(eve, reading("REGION"))
    assert (refused.status_code, "CAN_PIPE_instance.env" in refused.text) == (400, True)
    for name in SECRETS:
        assert "s3cr3t" not in (await people.run(grace, reading(name))).text
