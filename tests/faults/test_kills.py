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
from tests.faults.account import PENDING, Account
from tests.faults.sink import sink
from tests.faults.table import Row
from tests.http.conftest import RECEIVE, UUID
from tests.integration.test_worker import worker_of
from tests.live.house import OWNER, House, make_webhook, senders

FAULTS = [(part, how) for part in ("hub", "kernel") for how in ("kill", "terminate", "hold")]
FAULTS += [("worker", "kill"), ("worker", "hold")]
LONGEST_HOLD, LONGEST_AWAY, LONGEST_PAUSE = 3.0, 1.0, 1.5
"""Seconds that a process is held, is away, and that pass between two faults, at most."""
DRAIN_SECONDS = 150
"""Without any progress. The hub waits up to a minute before it starts a worker again that was killed often."""


BATCHES = ("0", "{batch: {size: 5, wait: 200ms}}")
"""Arguments of a light kernel that handles several events at once."""


@pytest.mark.faults
@pytest.mark.timeout(SECONDS + 3 * DRAIN_SECONDS + 120)
@pytest.mark.parametrize("is_batch", [False, True], ids=["one by one", "batches"])
async def test_random_kills_of_all_processes_lose_nothing(
    house_of: Callable[..., House],
    record: Callable[[Row], None],
    capsys: pytest.CaptureFixture[str],
    is_batch: bool,
) -> None:
    seed = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
    with capsys.disabled():
        print(f"\nFAULTS_SEED={seed}")
    order = random.Random(seed)
    kernel = BATCHES if is_batch else ()
    house = house_of(*kernel, serve=("--access-log",), environment={"PFNB_ALLOW_TARGETS": "127.0.0.1"})
    rounds = 0
    async with sink() as called, httpx.AsyncClient(trust_env=False, headers=OWNER, timeout=5) as http:
        await house.start("hub")
        await make_webhook(house, http)
        stored = f"{house.url}/api/v3/pipeline:global/app/demo/pipeline/noted"
        (await http.put(stored, content=called.batches if is_batch else called.pipeline)).raise_for_status()
        await house.start("kernel")
        account = Account(house, {"lead": lambda: house.notes.read_text().split(), "noted": lambda: called.noted})
        async with account.kept():
            async with senders(house, http, account.acknowledged):
                ends = time.monotonic() + SECONDS / (2 if is_batch else 1)
                while time.monotonic() < ends:
                    await asyncio.sleep(order.uniform(0, LONGEST_PAUSE))
                    await inject(house, *order.choice(FAULTS), order)
                    rounds += 1
            await account.until_ended(DRAIN_SECONDS)
        row = account.row(f"random kills of hub, worker and kernel{', in batches' if is_batch else ''}", rounds)
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


@pytest.mark.faults
@pytest.mark.timeout(300)
async def test_the_newest_event_is_handled_whatever_is_killed_while_others_may_still_come(
    house_of: Callable[..., House],
) -> None:
    house = house_of("0", "{debounce: {wait: 1s, maxWait: 1m}}")
    order = random.Random(7)
    acknowledged: list[str] = []
    async with httpx.AsyncClient(trust_env=False, headers=OWNER, timeout=5) as http:
        await house.start("hub")
        await make_webhook(house, http)
        await house.start("kernel")
        for part in ("hub", "kernel", "hub", "kernel"):
            for _ in range(5):
                answer = await http.post(f"{house.url}{RECEIVE}", params={"uuid": UUID}, json={})
                acknowledged.append(answer.raise_for_status().json()["correlationId"])
            await asyncio.sleep(order.uniform(0, 0.8))
            await house.stop(part, "kill")
            await house.start(part)
            await noted(house, acknowledged[-1])
        statuses = house.rows("SELECT DISTINCT status FROM deliveries")
    assert statuses == [("succeeded",)]
    assert len(house.noted()) < len(acknowledged) / 2, "most were superseded"


async def noted(house: House, correlation_id: str) -> None:
    """Wait until this event was handled, and nothing is pending."""
    async with asyncio.timeout(30):
        while correlation_id not in house.noted() or house.rows(PENDING) != [(0,)]:
            await asyncio.sleep(0.05)
