"""Disks that are full, fail or can only be read: callers are asked to come again, the log stays small, and the hub recovers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults import SECONDS
from tests.faults.account import Account
from tests.faults.table import Row
from tests.live.disk import fill, refusing, small_disk
from tests.live.house import OWNER, House, make_webhook, senders, until_more

pytestmark = [pytest.mark.faults, pytest.mark.timeout(SECONDS + 200)]
DISK = "24m"
LEAST_FAULT, LONGEST_FAULT = 1.0, 4.0
RECOVERY_SECONDS = 30.0
LINES = 40
"""Lines in the log of a hub that has met thousands of refused writes within a minute: some a minute for each kind of work."""
LARGE = 200_000
"""Bytes that a body has beyond what is kept in memory."""


async def full(house: House) -> AsyncIterator[None]:
    ballast = await asyncio.to_thread(fill, house.data.parent)
    try:
        yield
    finally:
        ballast.unlink()


def refuses(error: str) -> Callable[[House], AsyncIterator[None]]:
    async def fault(house: House) -> AsyncIterator[None]:
        files = [house.data, *house.data.glob("pfnb.sqlite*"), house.data / "bodies", house.data / "audit.log"]
        async with refusing(house.pid("hub"), error, files):
            yield

    return fault


@pytest.mark.parametrize(
    ("name", "fault"),
    [("a full disk", full), ("a disk that fails (EIO)", refuses("EIO")), ("a read-only disk", refuses("EROFS"))],
    ids=["full", "EIO", "EROFS"],
)
async def test_a_disk_that_refuses_loses_nothing_and_fills_no_log(
    house_of: Callable[..., House],
    record: Callable[[Row], None],
    tmp_path: Path,
    name: str,
    fault: Callable[[House], AsyncIterator[None]],
) -> None:
    injected: Callable[[House], AbstractAsyncContextManager[None]] = asynccontextmanager(fault)
    order = random.Random(7)
    rounds = 0
    with small_disk(tmp_path / "disk", DISK) as disk:
        house = house_of(data=disk / "hub")
        async with httpx.AsyncClient(trust_env=False, headers=OWNER, timeout=15) as http:
            await house.start("hub")
            await make_webhook(house, http)
            await house.start("kernel")
            account = Account(house, {"lead": lambda: house.notes.read_text().split()})
            async with (
                account.kept(),
                senders(house, http, account.acknowledged, padding=lambda: order.choice((0, 0, LARGE))),
            ):
                ends = time.monotonic() + SECONDS / 3
                while time.monotonic() < ends:
                    await until_more(account.acknowledged)
                    async with injected(house):
                        async with asyncio.timeout(RECOVERY_SECONDS):
                            while (await http.get(f"{house.url}/healthz")).status_code != 503:
                                await asyncio.sleep(0.05)
                        await asyncio.sleep(order.uniform(LEAST_FAULT, LONGEST_FAULT))
                    async with asyncio.timeout(RECOVERY_SECONDS):
                        while (await http.get(f"{house.url}/healthz")).status_code != 200:
                            await asyncio.sleep(0.05)
                    rounds += 1
            await account.until_ended(60)
            row = account.row(name, rounds)
            await house.stop("hub", "terminate")
    record(row)
    assert row.is_clean(), row
    assert rounds > 0
    said = house.log("hub").read_text().splitlines()
    assert len([line for line in said if line.startswith("20")]) < LINES, "\n".join(said)
