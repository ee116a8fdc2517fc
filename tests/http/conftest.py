from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.hub.receiving.request import Limits

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
UNKNOWN = "99999999-6d6b-4f1e-9d5e-5b8f3f999999"
PIPEFORCES_LIMITS = Limits.chosen({}, {"max_payload": "4MB", "webhook_payload": 512_000})
SECONDS = 30.0
"""For an answer: on a busy machine a process that runs pipelines takes many to start."""
RECEIVE = "/api/v3/command/webhook.receive"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalServer]:
    made = LocalServer(HubOptions(tmp_path / "hub", PIPEFORCES_LIMITS, owner="ada"))
    await made.start()
    await made.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
    yield made
    await made.stop()


@pytest.fixture
async def anyone(server: LocalServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=SECONDS) as client:
        yield client


@pytest.fixture
async def owner(server: LocalServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=SECONDS) as client:
        yield client


async def newest(owner: httpx.AsyncClient) -> dict[str, Any]:
    rows = (await owner.get("/api/v3/command/webhook.receive.logs", params={"token": UUID, "limit": 1})).json()
    return rows[0]
