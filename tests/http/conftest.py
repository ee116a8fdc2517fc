from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
UNKNOWN = "99999999-6d6b-4f1e-9d5e-5b8f3f999999"
RECEIVE = "/api/v3/command/webhook.receive"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalServer]:
    made = LocalServer(HubOptions(tmp_path / "hub", owner="ada"))
    await made.start()
    await made.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
    yield made
    await made.stop()


@pytest.fixture
async def anyone(server: LocalServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        yield client


@pytest.fixture
async def owner(server: LocalServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as client:
        yield client


async def newest(owner: httpx.AsyncClient) -> dict[str, Any]:
    rows = (await owner.get("/api/v3/command/webhook.receive.logs", params={"token": UUID, "limit": 1})).json()
    return rows[0]
