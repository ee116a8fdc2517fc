"""A thousand connections that do nothing: others are answered, the log stays small, and the hub rests."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.table import Row
from tests.live.served import served
from tests.security.test_connections import UUID, holding, the_owner_is_answered

CONNECTIONS = 1_100
EVENTS = 20
REST_SECONDS = 5


@pytest.mark.faults
@pytest.mark.parametrize("limit", [None, 256], ids=["all descriptors", "256 descriptors"])
def test_a_thousand_idle_connections_take_nothing_from_others(
    tmp_path: Path, logs: Path, record: Callable[[Row], None], limit: int | None
) -> None:
    def before() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    with served(tmp_path, before=before) as hub, holding(hub, CONNECTIONS, b""):
        the_owner_is_answered(hub)
        client = hub.client()
        client.command("webhook.put", uuid=UUID, eventKey="order.placed")
        for _ in range(EVENTS):
            client.command("webhook.receive", uuid=UUID)
        used = sum(hub.process.cpu_times()[:2])
        time.sleep(REST_SECONDS)
        used = sum(hub.process.cpu_times()[:2]) - used
        stored = len(client.command("webhook.receive.logs", token=UUID, limit=1000))
        client.close()
    said = hub.log.read_text()
    shutil.copy(hub.log, logs / f"idle-connections-{limit}.log")
    record(Row(f"{CONNECTIONS:,} idle connections, {limit or 'all'} descriptors", 1, EVENTS, stored, stored))
    assert stored == EVENTS
    assert used < REST_SECONDS / 10, f"{used:.1f} s of processor time in {REST_SECONDS} s"
    assert said.count("\n") < 5, said
