"""Kernel and hub are restarted, told to stop or killed, in random order, while events come: none is lost, none passes another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.live.house import NEWS, OWNER, House, logged, make_webhook, senders, until_more

RESTARTS = 6
EACH = [(part, how) for part in ("hub", "kernel") for how in ("kill", "terminate")]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.close()


async def test_restarts_of_kernel_and_hub_lose_no_event(house: House) -> None:
    order = random.Random(20)
    restarts = EACH + [order.choice(EACH) for _ in range(RESTARTS - len(EACH))]
    order.shuffle(restarts)
    acknowledged: set[str] = set()
    async with httpx.AsyncClient(trust_env=False, headers=OWNER) as http:
        await house.start("hub")
        await make_webhook(house, http)
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
    assert acknowledged == set(committed)
    assert house.noted() == committed
