"""A hub without a file descriptor left hands over later what it cannot read now: none of it has failed."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults.account import Account
from tests.faults.table import Row
from tests.http.conftest import RECEIVE, UUID
from tests.live.house import OWNER, House, make_webhook

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
EVENTS = 200
BODY = b"x" * 100_000


def lowest_free(pid: int) -> int:
    """The descriptor that a process opens next."""
    taken = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    return min(set(range(len(taken) + 1)) - taken)


async def test_events_that_cannot_be_read_for_want_of_descriptors_are_run_later(
    house_of: Callable[..., House], record: Callable[[Row], None]
) -> None:
    house = house_of()
    account = Account(house, {"lead": lambda: house.notes.read_text().split()})
    async with httpx.AsyncClient(trust_env=False, headers=OWNER, timeout=30) as http:
        await house.start("hub")
        await make_webhook(house, http)
        await house.start("kernel")
        house.signal("kernel", signal.SIGSTOP)
        sent = []
        for _ in range(EVENTS):
            answer = await http.post(f"{house.url}{RECEIVE}", params={"uuid": UUID}, content=BODY)
            sent.append(answer.raise_for_status().json()["correlationId"])
        hub = psutil.Process(house.pid("hub"))
        before = hub.rlimit(resource.RLIMIT_NOFILE)
        hub.rlimit(resource.RLIMIT_NOFILE, (lowest_free(hub.pid), before[1]))
        house.signal("kernel", signal.SIGCONT)
        await asyncio.sleep(5)
        noted = len(house.noted())
        hub.rlimit(resource.RLIMIT_NOFILE, before)
        await account.until_ended(90)
    account.acknowledged.update(sent)
    row = account.row("a hub without descriptors", 1)
    record(row)
    assert noted < EVENTS  # there really was a fault
    assert row.is_clean(), row
    assert house.noted() == sent
