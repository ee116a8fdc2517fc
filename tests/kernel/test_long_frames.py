"""What is too long for a frame between hub and kernel is an error of the call or the delivery that it belongs to: the connection
stays, and everything else continues over it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.client.discovery import HubAddress
from pfnb.exceptions import ParameterError, RunLimitError
from pfnb.http import wire as frames
from pfnb.http.server import LocalServer
from pfnb.http.wire import MAX_FRAME
from pfnb.hub import handover, supervision
from pfnb.hub.home import HubOptions
from pfnb.hub.receiving.request import Limits
from pfnb.hub.records.event import Event
from pfnb.language.content import content_id_of
from pfnb.language.extent import MAX_LEVELS
from tests.http.conftest import RECEIVE, UUID
from tests.kernel.test_session import REGISTRY, Kernel
from tests.worker.conftest import until

SHORT = 100_000
"""Bytes of a frame where nobody wants to wait for long ones."""
LONG = "x" * 60_000
CALLS: tuple[Callable[[Kernel, dict[str, Any]], Awaitable[Any]], ...] = (
    lambda kernel, _: kernel.hub.list_properties("global/app/**"),
    lambda kernel, file: kernel.hub.read_content(content_id_of(file) or ""),
    lambda kernel, _: kernel.hub.webhook_logs(UUID),
    lambda kernel, _: kernel.hub.list_events(),
    lambda kernel, _: kernel.hub.list_listeners(),
)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalServer]:
    server = LocalServer(HubOptions(tmp_path / "hub", Limits.chosen({}, {"max_payload": "110MB"}), owner="ada"))
    await server.start()
    await server.hub.webhooks.put({"uuid": UUID, "eventKey": "lead.created"}, "ada")
    yield server
    await server.stop()


@pytest.fixture
async def kernel(server: LocalServer) -> AsyncIterator[Kernel]:
    kernel = Kernel(HubAddress(server.url, server.token), "first")
    await kernel.session.open()
    yield kernel
    assert kernel.session.connections == 1
    await kernel.close()


async def send(server: LocalServer, data: bytes, **headers: str) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        answer = await client.post(RECEIVE, params={"uuid": UUID}, content=data, headers=headers)
        answer.raise_for_status()


async def ends(server: LocalServer, events: int) -> list[tuple[str, int, str]]:
    """How the deliveries of so many events ended, the oldest first: status, attempts, error."""

    async def ended() -> list[dict[str, Any]] | None:
        rows = await server.hub.history.runs("lead", "ada", None, 100)
        is_over = len(rows) == events and all(row["status"] not in ("pending", "running") for row in rows)
        return list(rows) if is_over else None

    rows = await until(ended)
    return [(row["status"], row["attempts"], (row["error"] or {}).get("statusMessage", "")) for row in rows[::-1]]


async def test_an_answer_that_is_too_long_is_the_error_of_its_call(
    server: LocalServer, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        await server.hub.properties.put(f"global/app/p{number}", {"value": LONG}, "ada", "update")
        await send(server, LONG.encode(), **{"X-Long": "y" * 10_000})
        await kernel.listen(f"lead{number}", f"- log: {{message: {LONG}}}\n")
    for _ in range(10):
        await send(server, b"{}", **{"X-Long": "y" * 10_000})
    file = await kernel.hub.put_content(LONG.encode() * 2, name="a", content_type="text/plain")
    monkeypatch.setattr(frames, "MAX_FRAME", SHORT)
    for call in CALLS:
        with pytest.raises(RunLimitError, match="0 MiB, but a message between hub and kernel"):
            await call(kernel, file)
    assert (await kernel.hub.get_property("global/app/p1"))["value"] == LONG


async def test_a_delivery_that_is_too_long_fails_once_and_the_next_one_comes(
    server: LocalServer, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", SHORT)
    await kernel.listen("lead")
    await send(server, LONG.encode() * 2)
    await send(server, b"{}")
    (failed, succeeded) = await ends(server, 2)
    assert failed[:2] == ("failed", 1)
    assert "0 MiB, but a message between hub and kernel" in failed[2]
    assert succeeded == ("succeeded", 1, "")


async def test_values_as_deep_as_may_be_go_both_ways_and_deeper_ones_are_refused(kernel: Kernel) -> None:
    deep: Any = []
    for _ in range(MAX_LEVELS - 10):
        deep = [deep]
    await kernel.hub.put_cached("a", deep, seconds=60)
    found = await kernel.hub.get_cached("a")
    assert found is not None
    assert found["value"] == deep
    for _ in range(10):
        deep = [deep]
    with pytest.raises(ParameterError, match="nested too deeply"):
        await kernel.hub.put_cached("a", deep, seconds=60)


ASK = "import sys, httpx; print(len(httpx.post(sys.argv[1], json=1, trust_env=False, timeout=60).content))"
STALL_SECONDS = 0.05


@asynccontextmanager
async def stalls() -> AsyncIterator[list[float]]:
    """The seconds of computing for which the loop, and with it all that hub and kernel do for others, was held up each time.
    Other processes of this machine do not count."""
    found: list[float] = []

    async def look() -> None:
        while True:
            began, computed = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.001)
            found.append(min(time.perf_counter() - began, time.process_time() - computed))

    looking = asyncio.create_task(look())
    try:
        yield found
    finally:
        looking.cancel()


async def test_an_event_that_never_fits_into_memory_is_dead_in_the_end_and_the_next_one_comes(
    server: LocalServer, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "MAX_UNFIT", 3)
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.01)
    history, tries = server.hub.history, []
    read = history.object

    async def object_of(event: Event, body: bytes | None = None, **more: Any) -> Any:
        tries.append(event.size)
        if event.size > SHORT or (event.size == 2 and tries.count(2) < 6):
            raise MemoryError
        return await read(event, body, **more)

    monkeypatch.setattr(history, "object", object_of)
    await kernel.listen("lead")
    await send(server, LONG.encode() * 2)
    await send(server, b"{}")
    (unfit, small) = await ends(server, 2)
    assert unfit[0] == "dead"
    assert "too little memory to hand over this event of 0.1 MiB, and tried 3 times" in unfit[2]
    assert small == ("succeeded", 1, "")
    assert tries == [120_000] * 3 + [2] * 6


@REGISTRY.command("test.long", anonymous=True)
def long(letter: str, times: int) -> str:
    return letter * times


@pytest.mark.alone
@pytest.mark.parametrize("result", ["{letter: x, times: 39000000}", "{letter: é, times: 12000000}"])
async def test_a_long_result_holds_up_nobody(server: LocalServer, kernel: Kernel, result: str) -> None:
    await kernel.listen("lead", f"- test.long: {result}\n")
    url = f"{server.url}{RECEIVE}?uuid={UUID}&wait=true"
    longest = []
    for _ in range(3):
        async with stalls() as found:
            asking = await asyncio.create_subprocess_exec(
                sys.executable, "-c", ASK, url, stdout=asyncio.subprocess.PIPE
            )
            answered, _ = await asking.communicate()
        assert int(answered) > 30_000_000
        longest.append(max(found))
    assert min(longest) < STALL_SECONDS


@pytest.mark.faults
async def test_frames_of_the_greatest_length_go_both_ways_and_longer_ones_are_errors(
    server: LocalServer, kernel: Kernel
) -> None:
    with pytest.raises(RunLimitError, match="104 MiB, but a message"):
        await kernel.hub.put_content(bytes(104 << 20), name="a", content_type="text/plain")
    with pytest.raises(ParameterError, match="unknown"):  # it has arrived
        await kernel.session.call("unknown", {}, bytes(MAX_FRAME - 100_000))
    await kernel.listen("lead")
    await send(server, bytes(MAX_FRAME - 1_000))
    await send(server, bytes(104 << 20))
    longest, longer = [row["id"] for row in (await kernel.hub.list_events())["events"][::-1]]
    assert await kernel.hub.read_event_content(longest) == bytes(MAX_FRAME - 1_000)
    with pytest.raises(RunLimitError, match="104 MiB, but a message"):
        await kernel.hub.read_event_content(longer)
    assert await kernel.hub.read_event_content(longer, offset=1, size=2) == bytes(2)
    assert [one[:2] for one in await ends(server, 2)] == [("failed", 1)] * 2
