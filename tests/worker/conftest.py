from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.language.running.calls import PIPELINE_TYPE
from tests.http.conftest import RECEIVE, UUID
from tests.live.stores import STORES

PATH = "global/app/demo/pipeline/lead"
WAIT_SECONDS = 30.0


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """What the condition answers once it is true."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not (answer := await condition()):
            await asyncio.sleep(0.01)
    return answer


class Hub:
    """A hub, called from outside as its owner would."""

    def __init__(self, server: LocalServer) -> None:
        self.server = server
        headers = {"Authorization": f"Bearer {server.token}"}
        self.http = httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=WAIT_SECONDS)

    async def save(self, *steps: str, path: str = PATH, key: str = "order.placed", headers: str = "{}") -> None:
        text = "\n  - ".join([f"headers: {headers}\npipeline:", f"event.listen: {{key: {key}}}", *steps])
        await self.put(path, text)

    async def put(self, path: str, text: str, owner: str = "ada") -> None:
        await self.server.hub.properties.put(path, {"value": text, "type": PIPELINE_TYPE}, owner, "update")

    async def send(self, payload: Any = None, **query: Any) -> dict[str, Any]:
        answer = await self.http.post(RECEIVE, params={"uuid": UUID, **query}, json=payload)
        received: dict[str, Any] = answer.json()
        return received

    async def answer(self, payload: Any = None) -> Any:
        """What the pipeline that listens makes of it."""
        received = await self.send(payload, wait="true")
        return received.get("value", received)

    async def runs(self, path: str = PATH, owner: str = "ada") -> list[dict[str, Any]]:
        return list(await self.server.hub.history.runs(path, owner, None, 100))

    async def ended(self, status: str, path: str = PATH) -> dict[str, Any]:
        """The newest delivery, once it has this status."""

        async def newest() -> dict[str, Any] | None:
            runs = await self.runs(path)
            return runs[0] if runs and runs[0]["status"] == status else None

        run: dict[str, Any] = await until(newest)
        return run


@asynccontextmanager
async def running_hub(options: HubOptions) -> AsyncIterator[Hub]:
    server = LocalServer(replace(options, owner="ada"))
    await server.start()
    await server.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
    made = Hub(server)
    yield made
    await made.http.aclose()
    await server.stop()


@pytest.fixture(params=STORES)
async def hub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hub]:
    async with running_hub(STORES[request.param](tmp_path / "hub")) as made:
        yield made
