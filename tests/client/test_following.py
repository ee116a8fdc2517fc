"""Following a hub's events: each once, in the sequence of commits, whatever comes between."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from pfnb.client import following
from pfnb.client.discovery import HubAddress
from pfnb.client.following import News, follow
from pfnb.client.port import session_port
from pfnb.client.session import Session
from pfnb.http.protocol import KernelPort
from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalServer]:
    made = LocalServer(HubOptions(tmp_path / "hub", owner="ada"))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def hub(server: LocalServer) -> AsyncIterator[KernelPort]:
    session = Session(HubAddress(server.url, server.token), id=str(uuid.uuid4()), notebook="a", grace=0.2)
    await session.open()
    yield session_port(session)
    await session.close()


async def until(news: AsyncIterator[News], number: int) -> list[News]:
    """The news until they have this many events."""
    seen: list[News] = []
    async with asyncio.timeout(20):
        while sum(len(one.events) for one in seen) < number:
            seen.append(await anext(news))
    return seen


def keys(seen: list[News]) -> list[str]:
    return [row["eventKey"] for one in seen for row in one.events]


async def test_what_came_before_and_after_the_first_call_comes_once(hub: KernelPort) -> None:
    for number in range(3):
        await hub.send_event(f"a.n{number}")
    news = follow(hub, {"key": "a.*"}, 1)
    assert keys(await until(news, 2)) == ["a.n1", "a.n2"]
    await hub.send_event("b.other")
    for number in range(3, 6):
        await hub.send_event(f"a.n{number}")
    assert keys(await until(news, 3)) == ["a.n3", "a.n4", "a.n5"]


async def test_a_follower_that_was_slow_catches_up(hub: KernelPort, server: LocalServer) -> None:
    news = follow(hub, {}, 0)
    await hub.send_event("a.first")
    await until(news, 1)
    for number in range(250):
        await hub.send_event(f"a.n{number}")
    server.hub.changes.note_many()  # more has changed than the hub remembers
    assert keys(await until(news, 250)) == [f"a.n{number}" for number in range(250)]


async def test_of_too_many_events_the_newest_are_shown(
    hub: KernelPort, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 3)
    monkeypatch.setattr(following, "MOST", 6)
    for number in range(10):
        await hub.send_event(f"a.n{number}")
    first = await anext(follow(hub, {}, 0))
    assert first.missed
    assert keys([first]) == [f"a.n{number}" for number in range(4, 10)]


async def test_refused_requests_come_with_their_reasons(hub: KernelPort) -> None:
    made = await hub.put_webhook({"eventKey": "webhook.a", "methods": ["POST"]})
    news = follow(hub, {"key": "webhook.a"}, 0)
    async with httpx.AsyncClient(trust_env=False) as client:
        waiting = asyncio.ensure_future(anext(news))
        for _ in range(30):
            await client.get(made["webhookUrl"])
        seen = [await asyncio.wait_for(waiting, 20)]
        while sum(len(one.refused) + one.uncounted for one in seen) < 29:
            seen.append(await asyncio.wait_for(anext(news), 20))
    assert {(key, row["statusCode"]) for one in seen for key, row in one.refused} == {("webhook.a", 405)}


async def test_a_hub_that_is_away_is_a_problem_and_not_the_end(
    hub: KernelPort, tmp_path: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAUSE", 0.05)
    news = follow(hub, {}, 0)
    await hub.send_event("a.before")
    await until(news, 1)
    port, token = int(server.url.rpartition(":")[2].partition("/")[0]), server.token
    waiting = asyncio.ensure_future(anext(news))
    await server.stop()
    gone = await asyncio.wait_for(waiting, 20)
    assert "is gone" in str(gone.problem)
    again = LocalServer(HubOptions(tmp_path / "hub", owner="ada"), port=port, token=token)
    await again.start()
    try:
        await again.hub.send("a.after", None, owner="ada")
        assert keys(await until(news, 1)) == ["a.after"]
    finally:
        await again.stop()
