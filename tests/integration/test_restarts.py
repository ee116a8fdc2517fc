"""Kernel and hub are restarted, told to stop or killed, in random order, while events come: none is lost, none passes another."""

from __future__ import annotations

import asyncio
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.conftest import RECEIVE, UUID
from tests.live.light_kernel import READY

RESTARTS = 20
SENDERS = 3
PAUSE = 0.02
"""Seconds between two requests of a sender: enough events for every restart to fall among them, and no more."""
NEWS = 5
"""Events acknowledged between two restarts."""
EACH = [(part, how) for part in ("hub", "kernel") for how in ("kill", "terminate")]


class House:
    """A hub and a kernel as processes, which share nothing but the hub's address."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.notes.touch()
        self._data = folder / "hub"
        self._port = "0"
        self.url = ""
        self._processes: dict[str, Process] = {}

    async def start(self, part: str) -> None:
        if part == "hub":
            serve = ["pfnb.cli", "serve", "--port", self._port, "--token", "t", "--data-dir", str(self._data)]
            self.url = (await self._started(part, *serve)).split()[-1]
            self._port = str(httpx.URL(self.url).port)
        else:
            arguments = [self.url, "t", "a.ipynb", str(self.notes)]
            assert await self._started(part, "tests.live.light_kernel", *arguments) == READY

    async def _started(self, part: str, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=PIPE)
        self._processes[part] = process
        assert process.stdout is not None
        async with asyncio.timeout(30):
            return (await process.stdout.readline()).decode().strip()

    async def stop(self, part: str, how: str) -> None:
        process = self._processes.pop(part)
        getattr(process, how)()
        async with asyncio.timeout(15):
            await process.communicate()

    async def close(self) -> None:
        for part in list(self._processes):
            with suppress(ProcessLookupError):
                await self.stop(part, "kill")

    def noted(self) -> list[str]:
        """Correlation ids of the events that a kernel has run for, in the order in which each was run first."""
        return list(dict.fromkeys(self.notes.read_text().split()))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.close()


@asynccontextmanager
async def senders(house: House, http: httpx.AsyncClient, acknowledged: set[str]) -> AsyncIterator[None]:
    """Keep sending, again where nobody answers, until the block ends."""

    async def send() -> None:
        while True:
            await asyncio.sleep(PAUSE)
            with suppress(httpx.TransportError):
                answer = await http.post(f"{house.url}{RECEIVE}", params={"uuid": UUID}, json={"a": 1})
                acknowledged.add(answer.raise_for_status().json()["correlationId"])

    tasks = [asyncio.create_task(send()) for _ in range(SENDERS)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


async def test_twenty_restarts_of_kernel_and_hub_lose_no_event(house: House) -> None:
    order = random.Random(20)
    restarts = EACH + [order.choice(EACH) for _ in range(RESTARTS - len(EACH))]
    order.shuffle(restarts)
    acknowledged: set[str] = set()
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": "Bearer t"}) as http:
        await house.start("hub")
        await http.post(f"{house.url}/api/v3/command/webhook.put", params={"eventKey": "order.placed", "uuid": UUID})
        await house.start("kernel")
        async with senders(house, http, acknowledged):
            for part, how in restarts:
                await until_more(acknowledged)
                await house.stop(part, how)
                await house.start(part)
            await until_more(acknowledged)
        async with asyncio.timeout(20):
            while any(row["deliveries"][0]["status"] != "succeeded" for row in await logged(http, house.url)):
                await asyncio.sleep(0.05)
        committed = [row["correlationId"] for row in await logged(http, house.url)][::-1]
    assert len(acknowledged) > RESTARTS * NEWS
    assert acknowledged <= set(committed)
    assert house.noted() == committed


async def until_more(acknowledged: set[str]) -> None:
    wanted = len(acknowledged) + NEWS
    async with asyncio.timeout(20):
        while len(acknowledged) < wanted:
            await asyncio.sleep(0.01)


async def logged(http: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    logs = await http.get(f"{url}/api/v3/command/webhook.receive.logs", params={"token": UUID, "limit": "10000"})
    return logs.raise_for_status().json()
