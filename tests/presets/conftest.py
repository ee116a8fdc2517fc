from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from tests.http.conftest import SECONDS
from tests.presets.senders import Request

PUT = "/api/v3/command/webhook.put"


class Owner:
    """A hub's owner and the strangers who call it, over HTTP."""

    def __init__(self, server: LocalServer) -> None:
        self.server = server
        authorization = {"Authorization": f"Bearer {server.token}"}
        self.client = httpx.AsyncClient(base_url=server.url, headers=authorization, trust_env=False, timeout=SECONDS)
        self.strangers = httpx.AsyncClient(trust_env=False, timeout=SECONDS)

    async def command(self, name: str, **parameters: Any) -> Any:
        answer = await self.client.post(f"/api/v3/command/{name}", data=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def put(self, preset: str, **parameters: Any) -> dict[str, Any]:
        return await self.command("webhook.put", **{"eventKey": "a.b", "preset": preset, **parameters})

    async def refusal(self, **parameters: Any) -> str:
        """The error of a `webhook.put`."""
        answer = await self.client.post(PUT, data={"eventKey": "a.b", **parameters})
        assert answer.status_code == 400, answer.text
        return answer.json()["statusMessage"]

    async def send(self, one: Request) -> httpx.Response:
        return await self.strangers.request(one.method, one.url, content=one.body, headers=one.headers)

    async def stored(self, hook: dict[str, Any]) -> list[dict[str, Any]]:
        return await self.command("webhook.receive.logs", token=hook["uuid"])

    async def refused(self, hook: dict[str, Any]) -> list[dict[str, Any]]:
        return await self.command("webhook.receive.logs", token=hook["uuid"], refused="true")

    async def webhook(self, hook: dict[str, Any]) -> dict[str, Any]:
        return (await self.command("webhook.get", uuid=hook["uuid"]))[0]

    async def last_handshake(self, hook: dict[str, Any]) -> str:
        return (await self.webhook(hook))["lastHandshake"]["what"]


@pytest.fixture
async def owner(tmp_path: Path) -> AsyncIterator[Owner]:
    server = LocalServer(HubOptions(owner="ada"))
    await server.start()
    made = Owner(server)
    yield made
    await made.client.aclose()
    await made.strangers.aclose()
    await server.stop()
