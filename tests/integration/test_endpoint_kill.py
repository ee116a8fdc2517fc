"""What an endpoint should get is sent although its hub is killed: in the middle of an attempt, and between two."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.test_kill import serve, started
from tests.outbound.conftest import Partner, partner

__all__ = ["partner", "started"]


async def reaches(partner: Partner, number: int) -> None:
    async with asyncio.timeout(30):
        while len(partner.got) < number:
            await asyncio.sleep(0.02)


async def kill(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()


async def test_each_message_arrives_although_the_hub_is_killed_twice(
    tmp_path: Path, started: list[Process], partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1")
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": "Bearer t"}, timeout=30) as client:

        async def run(hub: str, name: str, **parameters: str) -> Any:
            answer = await client.post(f"{hub}/api/v3/command/{name}", params=parameters)
            assert answer.status_code == 200, answer.text
            return answer.json()

        process, url = await serve(tmp_path / "hub")
        started.append(process)
        endpoint = (await run(url, "webhook.endpoint.put", url=f"{partner.url}/in", eventKey="order.*"))["id"]
        partner.silent = asyncio.Event()
        await run(url, "event.send", key="order.placed", payload="7")
        await reaches(partner, 1)
        await kill(process)  # while it waits for the answer

        partner.silent.set()
        partner.answers = [(500, {}, b"")] * 2  # to the attempt that was killed, and to the next
        process, url = await serve(tmp_path / "hub")
        started.append(process)
        await reaches(partner, 2)
        async with asyncio.timeout(10):
            while not (row := (await run(url, "webhook.endpoint.logs", endpoint=endpoint))[0])["attempts"]:
                await asyncio.sleep(0.02)
        await kill(process)  # while the message waits for its next attempt, in 5 to 6 seconds

        process, url = await serve(tmp_path / "hub")
        started.append(process)
        await reaches(partner, 3)
        async with asyncio.timeout(10):
            while (row := (await run(url, "webhook.endpoint.logs", endpoint=endpoint))[0])["status"] != "succeeded":
                await asyncio.sleep(0.02)
        assert [attempt["statusCode"] for attempt in row["attempts"]] == [500, 200]
        assert row["attempts"][1]["created"] - row["attempts"][0]["created"] >= 5000
    assert {got.headers["webhook-id"] for got in partner.got} == {row["messageId"]}
    assert len(partner.got) == 3
