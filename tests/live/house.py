"""A hub and a kernel as processes, which are stopped, killed and started again while callers keep sending."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.http.conftest import RECEIVE, UUID
from tests.live.light_kernel import READY

TOKEN = "t0ken-of-the-owner-Zk3j9QmR8s"
OWNER = {"Authorization": f"Bearer {TOKEN}"}
IN_BODY, IN_HEADER = "marker-in-the-body", "marker-in-a-header"
SENDERS = 3
PAUSE = 0.02
"""Seconds between two requests of a sender: enough events for every restart to fall among them, and no more."""
START_SECONDS = 30
NEWS = 5
"""Events acknowledged between two faults, at least."""


class House:
    """A hub and a kernel as processes, which share nothing but the hub's address. Whatever they log goes to the folder `logs`.

    `kernel` are further arguments of the light kernel, `serve` of `pfnb serve`, and `before` words of another program that
    starts the hub."""

    def __init__(
        self,
        folder: Path,
        *kernel: str,
        data: Path | None = None,
        logs: Path | None = None,
        serve: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self._kernel = kernel
        self._serve = serve
        self._environment = {**os.environ, **(environment or {})}
        self.notes = folder / "notes"
        self.notes.touch()
        self.data = data or folder / "hub"
        self.logs = logs or folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._port = "0"
        self.url = ""
        self._processes: dict[str, Process] = {}

    async def start(self, part: str) -> None:
        if part == "hub":
            serve = [
                "pfnb.cli",
                "serve",
                "--port",
                self._port,
                "--token",
                TOKEN,
                "--data-dir",
                str(self.data),
                *self._serve,
            ]
            self.url = (await self._started(part, *serve)).split()[-1]
            self._port = str(httpx.URL(self.url).port)
        else:
            arguments = [self.url, TOKEN, "a.ipynb", str(self.notes), *self._kernel]
            assert await self._started(part, "tests.live.light_kernel", *arguments) == READY

    async def _started(self, part: str, *arguments: str) -> str:
        with self.log(part).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *arguments, stdout=PIPE, stderr=log, env=self._environment
            )
        self._processes[part] = process
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            said = (await process.stdout.readline()).decode().strip()
        assert said, self.log(part).read_text()[-2000:]
        return said

    def log(self, part: str) -> Path:
        return self.logs / f"{part}.log"

    async def stop(self, part: str, how: str) -> None:
        process = self._processes.pop(part)
        with suppress(ProcessLookupError):
            getattr(process, how)()
        async with asyncio.timeout(15):
            await process.communicate()

    def pid(self, part: str) -> int:
        return self._processes[part].pid

    def is_alive(self, part: str) -> bool:
        return part in self._processes and self._processes[part].returncode is None

    def signal(self, part: str, number: int) -> None:
        self._processes[part].send_signal(number)

    async def close(self) -> None:
        for part in list(self._processes):
            await self.stop(part, "kill")

    def noted(self) -> list[str]:
        """Correlation ids of the events that a kernel has run for, in the order in which each was run first."""
        return list(dict.fromkeys(self.notes.read_text().split()))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the hub's database answers."""
        with closing(sqlite3.connect(f"file:{self.data}/pfnb.sqlite?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(query).fetchall()


@asynccontextmanager
async def senders(
    house: House,
    http: httpx.AsyncClient,
    acknowledged: set[str],
    *,
    number: int = SENDERS,
    pause: float = PAUSE,
    padding: Callable[[], int] = int,
) -> AsyncIterator[None]:
    """Keep sending, each event again until somebody says that it is stored, until the block ends; after it, all are stored.

    An event has a name of its own, by which it is stored once. `padding` says how many bytes more its body has."""
    ending = asyncio.Event()

    async def send(who: int) -> None:
        count = 0
        while not ending.is_set():
            await asyncio.sleep(pause)
            count += 1
            headers = {"Idempotency-Key": f"{who}-{count}-{id(ending)}", "X-Marker": IN_HEADER}
            body = {"marker": IN_BODY, "padding": "x" * padding()}
            while not (stored := await _sent(house, http, headers, body)):
                await asyncio.sleep(pause)
            acknowledged.add(stored)

    tasks = [asyncio.create_task(send(who)) for who in range(number)]
    try:
        yield
        ending.set()
        async with asyncio.timeout(60):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sent(house: House, http: httpx.AsyncClient, headers: dict[str, str], body: object) -> str | None:
    """The id under which the hub has stored an event; None if it has not, or does not say so."""
    try:
        answer = await http.post(f"{house.url}{RECEIVE}", params={"uuid": UUID}, json=body, headers=headers)
    except httpx.TransportError:
        return None
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return None
    correlation_id: str = answer.raise_for_status().json()["correlationId"]
    return correlation_id


async def logged(http: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    logs = await http.get(f"{url}/api/v3/command/webhook.receive.logs", params={"token": UUID, "limit": "10000"})
    rows: list[dict[str, Any]] = logs.raise_for_status().json()
    return rows


async def make_webhook(house: House, http: httpx.AsyncClient) -> None:
    put = {"eventKey": "order.placed", "uuid": UUID, "payloadType": "raw"}
    (await http.post(f"{house.url}/api/v3/command/webhook.put", params=put)).raise_for_status()


async def until_more(acknowledged: set[str]) -> None:
    wanted = len(acknowledged) + NEWS
    async with asyncio.timeout(40):
        while len(acknowledged) < wanted:
            await asyncio.sleep(0.01)
