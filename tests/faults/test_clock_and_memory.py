"""A clock that jumps and a hub without memory: what was answered with 200 is run, once that is possible."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults import SECONDS
from tests.faults.account import Account
from tests.faults.table import Row
from tests.live.house import OWNER, House, make_webhook, senders, until_more

pytestmark = [pytest.mark.faults, pytest.mark.timeout(SECONDS + 200)]
LONGEST_FAULT = 3.0
DAYS = (400, -1, -400, 0, 1)
LARGE = 4_000_000
MORE_MEMORY = (0, 2, 8)
"""Megabytes that the hub may have beside what it has."""


def faketime() -> str | None:
    found = map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return os.environ.get("LIBFAKETIME") or next(found, None)


async def test_a_clock_that_jumps_loses_nothing(
    house_of: Callable[..., House], record: Callable[[Row], None], tmp_path: Path
) -> None:
    library = faketime()
    if library is None:
        pytest.skip("libfaketime is needed: sudo apt install libfaketime, or name it in LIBFAKETIME")
    clock = tmp_path / "clock"
    clock.write_text("+0d")
    faked = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    house = house_of(environment={**faked, "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    rounds = 0
    async with httpx.AsyncClient(trust_env=False, headers=OWNER, timeout=5) as http:
        await house.start("hub")
        await make_webhook(house, http)
        await house.start("kernel")
        account = Account(house, {"lead": lambda: house.notes.read_text().split()})
        async with account.kept(), senders(house, http, account.acknowledged):
            ends = time.monotonic() + SECONDS / 2
            while rounds < len(DAYS) or time.monotonic() < ends:
                clock.write_text(f"{DAYS[rounds % len(DAYS)]:+d}d")
                await until_more(account.acknowledged)
                rounds += 1
        await account.until_ended(60)
        row = account.row("a clock that jumps by days", rounds)
        seen = {created // 86_400_000 for (created,) in house.rows("SELECT created FROM events")}
    record(row)
    assert row.is_clean(), row
    assert len(seen) > 1  # there really was a fault


async def test_a_hub_without_memory_loses_nothing(
    house_of: Callable[..., House], record: Callable[[Row], None]
) -> None:
    house = house_of()
    order, rounds, died = random.Random(12), 0, 0
    async with httpx.AsyncClient(trust_env=False, headers=OWNER, timeout=5) as http:
        await house.start("hub")
        await make_webhook(house, http)
        await house.start("kernel")
        account = Account(house, {"lead": lambda: house.notes.read_text().split()})
        async with (
            account.kept(),
            senders(house, http, account.acknowledged, padding=lambda: order.choice((0, LARGE))),
        ):
            ends = time.monotonic() + SECONDS / 2
            while time.monotonic() < ends:
                hub = psutil.Process(house.pid("hub"))
                most = hub.memory_info().vms + order.choice(MORE_MEMORY) * 1024 * 1024
                resource.prlimit(hub.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
                await asyncio.sleep(order.uniform(0, LONGEST_FAULT))
                if house.is_alive("hub"):
                    resource.prlimit(hub.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                else:
                    died += 1
                    await house.stop("hub", "kill")
                    await house.start("hub")
                await until_more(account.acknowledged)
                rounds += 1
        await account.until_ended(60)
        row = account.row("a hub without memory", rounds)
    record(row)
    assert row.is_clean(), row
    assert died <= rounds / 2
