"""A hub that is away, or stopped, while a run needs it: the run begins again, and has not failed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import httpx
import pytest

from tests.faults.account import Account
from tests.faults.table import Row
from tests.http.conftest import RECEIVE, UUID
from tests.live.house import OWNER, House, logged, make_webhook

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
EVENTS = 5


@pytest.mark.parametrize("fault", ["killed for 16 s", "stopped for 60 s"])
async def test_runs_that_needed_a_hub_that_was_away_have_succeeded_in_the_end(
    house_of: Callable[..., House], record: Callable[[Row], None], fault: str
) -> None:
    house = house_of("2")
    account = Account(house, {"lead": lambda: house.notes.read_text().split()})
    async with httpx.AsyncClient(trust_env=False, headers=OWNER, timeout=30) as http:
        await house.start("hub")
        await make_webhook(house, http)
        await house.start("kernel")
        for _ in range(EVENTS):
            answer = await http.post(f"{house.url}{RECEIVE}", params={"uuid": UUID}, json={"a": 1})
            account.acknowledged.add(answer.raise_for_status().json()["correlationId"])
        await asyncio.sleep(1)  # the first run has begun, and will need its hub
        if fault.startswith("killed"):
            await house.stop("hub", "kill")
            await asyncio.sleep(16)
            await house.start("hub")
        else:
            house.signal("hub", signal.SIGSTOP)
            await asyncio.sleep(60)
            house.signal("hub", signal.SIGCONT)
        await account.until_ended(90)
        rows = await logged(http, house.url)
    row = account.row(f"a hub {fault}", 1)
    record(row)
    assert row.is_clean(), row
    assert row.delivered == EVENTS
    assert house.noted() == [one["correlationId"] for one in rows][::-1]
