"""Hub, worker and kernel are killed, told to stop and held at random moments while events come. FAULTS_SEED repeats one."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable

import httpx
import pytest

from tests.faults import SECONDS
from tests.faults.account import Account
from tests.faults.sink import sink
from tests.faults.table import Row
from tests.integration.test_worker import worker_of
from tests.live.house import OWNER, House, make_webhook, senders

FAULTS = [(part, how) for part in ("hub", "kernel") for how in ("kill", "terminate", "hold")]
FAULTS += [("worker", "kill"), ("worker", "hold")]
LONGEST_HOLD, LONGEST_AWAY, LONGEST_PAUSE = 3.0, 1.0, 1.5
"""Seconds that a process is held, is away, and that pass between two faults, at most."""
DRAIN_SECONDS = 150
"""Without any progress. The hub waits up to a minute before it starts a worker again that was killed often."""


@pytest.mark.faults
@pytest.mark.timeout(SECONDS + 3 * DRAIN_SECONDS + 120)
async def test_random_kills_of_all_processes_lose_nothing(
    house_of: Callable[..., House], record: Callable[[Row], None], capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
    with capsys.disabled():
        print(f"\nFAULTS_SEED={seed}")
    order = random.Random(seed)
    house = house_of(serve=("--access-log",), environment={"PFNB_ALLOW_TARGETS": "127.0.0.1"})
    rounds = 0
    async with sink() as called, httpx.AsyncClient(trust_env=False, headers=OWNER, timeout=5) as http:
        await house.start("hub")
        await make_webhook(house, http)
        stored = f"{house.url}/api/v3/pipeline:global/app/demo/pipeline/noted"
        (await http.put(stored, content=called.pipeline)).raise_for_status()
        await house.start("kernel")
        account = Account(house, {"lead": lambda: house.notes.read_text().split(), "noted": lambda: called.noted})
        async with account.kept():
            async with senders(house, http, account.acknowledged):
                ends = time.monotonic() + SECONDS
                while time.monotonic() < ends:
                    await asyncio.sleep(order.uniform(0, LONGEST_PAUSE))
                    await inject(house, *order.choice(FAULTS), order)
                    rounds += 1
            await account.until_ended(DRAIN_SECONDS)
        row = account.row("random kills of hub, worker and kernel", rounds)
    record(row)
    assert row.is_clean(), (row, seed)
    assert row.events_in > 5 * rounds


async def inject(house: House, part: str, how: str, order: random.Random) -> None:
    pid = worker_of(house.pid("hub")) if part == "worker" else house.pid(part)
    if pid is None:  # the worker has not been started again yet
        return
    if how == "hold":
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(order.uniform(0, LONGEST_HOLD))
        os.kill(pid, signal.SIGCONT)
    elif part == "worker":
        os.kill(pid, signal.SIGKILL)
    else:
        await house.stop(part, how)
        await asyncio.sleep(order.uniform(0, LONGEST_AWAY))
        await house.start(part)
