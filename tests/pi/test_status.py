"""`pi status`, and what is said of webhooks whose address has changed."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.pi.main import http_client, run
from tests.pi.conftest import Pi


async def test_status_tells_which_hub_it_is(pi: Pi, server: LocalServer) -> None:
    told = json.loads(await pi("status", "--json"))
    counts = {"webhooks": 0, "listeners": 0, "away": 0, "waiting": 0}
    assert told == {"hub": server.url, "found": "PFNB_URL", "user": "ada", "status": "ok", **counts}


async def test_status_says_who_may_not_see_more(pi: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    await pi("command", "iam.user.create", "username=grace", "roleNames=CAN_PIPE_log")
    monkeypatch.setenv("PFNB_TOKEN", (await pi("command", "iam.apitoken", "username=grace")).strip())
    assert "CAN_PIPE_hub.status" in json.loads(await pi("status", "--json"))["counts"]


async def test_webhooks_whose_address_changed_say_so_until_they_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, "/old", monkeypatch) as before:
        made = await asked("command", "webhook.put", "eventKey=a.b")
        assert "warning" not in made
    async with serving(tmp_path, "/new", monkeypatch) as here:
        (found,) = await asked("command", "webhook.get")
        assert found["warning"].endswith(f"callers may still use {before}")
        assert "callers may still use" in (await asked("command", "webhook.put", f"uuid={made['uuid']}"))["warning"]
        assert f"has changed from {before} to {here}, and 1 webhook has" in (await asked("status"))["problem"]
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(found["webhookUrl"])
        assert "warning" not in (await asked("command", "webhook.get"))[0]
        assert (await asked("status"))["status"] == "ok"


@asynccontextmanager
async def serving(folder: Path, prefix: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of a hub over this folder, which is the one that `pi` means."""
    server = LocalServer(HubOptions(folder / "hub"), prefix=prefix)
    await server.start()
    monkeypatch.setenv("PFNB_URL", server.url)
    monkeypatch.setenv("PFNB_TOKEN", server.token)
    yield server.url
    await server.stop()


async def asked(*words: str) -> Any:
    out = io.StringIO()
    await asyncio.to_thread(run, [*words, "--json"], http_client, out)
    return json.loads(out.getvalue())
