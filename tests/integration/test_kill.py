"""Nothing that was acknowledged is lost: not by kill -9 of the hub, in the middle of anything."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import RECEIVE, UUID

BODIES = [b"{}"] * 6 + [bytes(range(256)) * 500] * 2
"""Small ones are rows of the database, large ones are files beside it."""


async def serve(data_dir: Path) -> tuple[Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pfnb.cli", "serve", "--port", "0", "--token", "t", "--data-dir", str(data_dir),
        stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = (await process.stdout.readline()).decode()
    assert line.startswith("pfnb hub ready at http://127.0.0.1:")
    return process, line.split()[-1]


@pytest.fixture
async def started() -> AsyncIterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_every_acknowledged_event_is_there_after_kill_9(tmp_path: Path, started: list[Process]) -> None:
    process, url = await serve(tmp_path / "hub")
    started.append(process)
    acknowledged: dict[str, bytes] = {}
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": "Bearer t"}) as client:
        put = await client.post(f"{url}/api/v3/command/webhook.put", params={"eventKey": "order.placed", "uuid": UUID})
        assert put.status_code == 200

        async def call(body: bytes) -> None:
            while True:
                try:
                    answer = await client.post(f"{url}{RECEIVE}", params={"uuid": UUID}, content=body)
                except httpx.TransportError:
                    return
                acknowledged[answer.json()["correlationId"]] = body

        callers = [asyncio.create_task(call(body)) for body in BODIES]
        async with asyncio.timeout(30):
            while len(acknowledged) < 100:
                await asyncio.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.gather(*callers)

        process, url = await serve(tmp_path / "hub")
        started.append(process)
        logs = await client.get(f"{url}/api/v3/command/webhook.receive.logs", params={"token": UUID, "limit": "10000"})
        kept = {row["correlationId"]: base64.b64decode(row["body"]) for row in logs.json()}
        assert {one: kept.get(one) for one in acknowledged} == acknowledged
        orphans = len(list((tmp_path / "hub" / "bodies").iterdir())) - sum(len(body) > 65536 for body in kept.values())
        assert orphans == 0


async def test_a_hub_told_to_stop_ends_cleanly_and_keeps_everything(tmp_path: Path, started: list[Process]) -> None:
    process, url = await serve(tmp_path / "hub")
    started.append(process)
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/healthz")).json() == {"status": "ok"}
    process.terminate()
    async with asyncio.timeout(15):
        _, errors = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in errors
