"""The worker process of a hub: it ends with its hub, however that ends."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import RECEIVE, UUID
from tests.integration.test_kill import serve, started
from tests.worker.conftest import until

__all__ = ["started"]

PIPELINE = "/api/v3/pipeline:global/app/demo/pipeline/lead"
WAITS = "pipeline:\n  - event.listen: {key: order.placed}\n  - wait: {ms: 60000}\n  - body.set: never\n"
ANSWERS = 'pipeline:\n  - event.listen: {key: order.placed}\n  - body.set: "answered #{body.payload}"\n'


def worker_of(hub: int) -> int | None:
    """The process id of a hub's worker."""
    for child in Path(f"/proc/{hub}/task/{hub}/children").read_text().split():
        if "pfnb.worker" in command_line(int(child)):
            return int(child)
    return None


def command_line(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def listening(client: httpx.AsyncClient, url: str, text: str) -> None:
    put = {"eventKey": "order.placed", "uuid": UUID, "payloadType": "raw"}
    (await client.post(f"{url}/api/v3/command/webhook.put", params=put)).raise_for_status()
    (await client.put(f"{url}{PIPELINE}", content=text)).raise_for_status()


async def working(process: Process) -> int:
    async def found() -> int | None:
        return worker_of(process.pid)

    pid: int = await until(found)
    return pid


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
async def test_the_worker_ends_with_its_hub(tmp_path: Path, started: list[Process], way: signal.Signals) -> None:
    process, url = await serve(tmp_path / "hub")
    started.append(process)
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": "Bearer t"}) as client:
        await listening(client, url, WAITS)
        await client.post(f"{url}{RECEIVE}", params={"uuid": UUID}, json=1)
        pid = await working(process)
        assert command_line(pid)[1:] == ["-P", "-m", "pfnb.worker"]
        os.kill(process.pid, way)

        async def gone() -> bool:
            return not is_alive(pid)

        await until(gone)
        process, url = await serve(tmp_path / "hub")
        started.append(process)
        await listening(client, url, ANSWERS)

        async def repeated() -> bool:
            rows = (await client.get(f"{url}/api/v3/command/webhook.receive.logs", params={"token": UUID})).json()
            return [one["status"] for one in rows[0]["deliveries"]] == ["succeeded"]

        await until(repeated)
        answer = await client.post(f"{url}{RECEIVE}", params={"uuid": UUID, "wait": "true"}, json=2)
        assert answer.json()["value"] == "answered 2"


async def test_a_killed_worker_is_replaced(tmp_path: Path, started: list[Process]) -> None:
    process, url = await serve(tmp_path / "hub")
    started.append(process)
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": "Bearer t"}, timeout=30) as client:
        await listening(client, url, ANSWERS)
        first = await working(process)
        os.kill(first, signal.SIGKILL)
        answer = await client.post(f"{url}{RECEIVE}", params={"uuid": UUID, "wait": "true"}, json=1)
        assert answer.json()["value"] == "answered 1"
        assert await working(process) != first
    async with asyncio.timeout(15):
        process.terminate()
        _, errors = await process.communicate()
    assert b"Traceback" not in errors
