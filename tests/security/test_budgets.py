"""One request of about 500 kB to an ordinary pipeline: its step ends within a budget, and no other pipeline feels it.

Each goes through a real hub to a listening pipeline in the real worker, while a second pipeline answers again and again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from statistics import median_low
from typing import Any

import psutil
import pytest
import pytest_asyncio

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from tests.http.conftest import RECEIVE, UUID
from tests.security.hostile_inputs import HOSTILE, Hostile
from tests.worker.conftest import Hub

OTHER = "11111111-2222-4333-8444-555555555555"
SECONDS, MEGABYTES, WAIT = 2.0, 200, 0.2
TRIES = 3
"""Other programs of this machine hold up a try now and then: of three waits the middle one counts."""

ONE_OF_EACH_KIND = {
    "csv to objects", "text in punycode", "json.validate with recursive anyOf", "json.validate with contains",
    "data.list.iterate over two lists", "XPath that compares", "XML of entities", "JSONPath that descends",
    "a slow regular expression", "a text that grows", "a sorted list", "JSON that is nested deeply",
    "@hash of a long text many times", "unzip of a bomb",
}  # fmt: skip
"""By who does the work and what bounds it; the other inputs are long tests."""
INPUTS = [
    pytest.param(one, id=one.name, marks=() if one.name in ONE_OF_EACH_KIND else pytest.mark.faults) for one in HOSTILE
]

pytestmark = [pytest.mark.alone, pytest.mark.asyncio(loop_scope="module")]


class Victim:
    """A hub with a worker, whose second pipeline is called again and again."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.worker = psutil.Process()

    async def ping(self) -> float:
        began = time.perf_counter()
        answer = await self.hub.http.post(RECEIVE, params={"uuid": OTHER, "wait": "true"}, json=1)
        assert answer.json()["value"] == 1, answer.text
        return time.perf_counter() - began

    def memory(self) -> int:
        """Of the worker and its children, in bytes."""
        total = 0
        for process in [self.worker, *self.worker.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total

    def delays(self) -> dict[Path, float]:
        """For each thread that works on steps, how many seconds it has waited for a processor that other programs had."""
        delays = {}
        for process in [self.worker.pid, *(child.pid for child in self.worker.children())]:
            for statistics in Path(f"/proc/{process}/task").glob("*/schedstat"):
                if statistics.parent.name != str(self.worker.pid):  # the loop, where nothing heavy is done
                    with suppress(OSError):
                        delays[statistics] = int(statistics.read_text().split()[1]) / 1e9
        return delays

    async def attacked(self, hostile: Hostile) -> tuple[float, float, float, float, Any]:
        """Seconds that the request took on the clock, those of them in which one of its threads waited for a processor that
        other programs had, seconds that the other pipeline waited at most, megabytes more, and the answer."""
        await self.ping()
        delays, delayed = self.delays(), 0.0
        before = most = self.memory()
        waits = [0.0]
        began = looked = time.perf_counter()
        request = asyncio.create_task(
            self.hub.http.post(
                RECEIVE,
                params={"uuid": UUID, "wait": "true"},
                content=hostile.content.data,
                headers={"content-type": hostile.content.content_type},
            )
        )
        while not request.done():
            waits.append(await self.ping())
            most = max(most, self.memory())
            now, last, delays = time.perf_counter(), delays, self.delays()
            most_delayed = max(
                (delay - last[thread] for thread, delay in delays.items() if thread in last), default=0.0
            )
            delayed, looked = delayed + min(most_delayed, now - looked), now
            await asyncio.sleep(0.02)
        answer = await request
        seconds = time.perf_counter() - began
        return seconds, delayed, max(waits), (most - before) / 1e6, answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def victim() -> AsyncIterator[Victim]:
    server = LocalServer(HubOptions(None, owner="ada"))
    await server.start()
    for uuid, key in ((UUID, "order.placed"), (OTHER, "ping")):
        await server.hub.webhooks.put({"uuid": uuid, "eventKey": key, "payloadType": "raw"}, "ada")
    hub = Hub(server)
    await hub.save('body.set: "#{body.payload}"', path="global/app/demo/pipeline/ping", key="ping")
    victim = Victim(hub)
    await victim.ping()
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    [victim.worker] = [child for child in alive if "pfnb.worker" in child.cmdline()]
    yield victim
    await hub.http.aclose()
    await server.stop()


@pytest.mark.parametrize("hostile", INPUTS)
async def test_no_input_stops_the_process_of_pipelines(victim: Victim, hostile: Hostile) -> None:
    await victim.hub.save(*hostile.steps, "body.set: done")
    worker = victim.worker.pid
    tries = []
    for _ in range(TRIES):
        seconds, delayed, wait, megabytes, answer = await victim.attacked(hostile)
        assert answer.status_code < 600
        tries.append((seconds - delayed, wait, megabytes))
        print(
            f"{hostile.name}: {seconds:.2f} s, {delayed:.2f} of them delayed, others {wait:.3f} s, {megabytes:.0f} MB"
        )
        if seconds - delayed < SECONDS and wait < WAIT:
            break
    assert min(seconds for seconds, _, _ in tries) < SECONDS, tries
    assert median_low(wait for _, wait, _ in tries) < WAIT, tries
    assert max(megabytes for *_, megabytes in tries) < MEGABYTES, tries
    assert psutil.pid_exists(worker)
