"""A front end is told what changes, also by a hub that was away, and is not flooded when nobody listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from pfnb.exceptions import HubUnreachableError
from pfnb.kernel.widgets import viewer as viewers
from pfnb.kernel.widgets import watch
from pfnb.kernel.widgets.viewer import Viewer
from tests.live.rows import listed_row


def row(seq: int) -> dict[str, Any]:
    return listed_row(seq, id=f"event-{seq}", eventKey=f"webhook.{'k' * 100}", traceId="a:b")


class Hub:
    """Its events are endless; `away` is how often it cannot be reached before."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.seq = 0

    async def list_events(self, _filter: Any, before: Any = None, limit: int = 100) -> dict[str, Any]:
        return {"events": [row(self.seq)], "next": None, "total": 1}

    async def watch_events(
        self,
        cursor: int | None,
        _filter: Any,
        timeout: float,  # noqa: ASYNC109
        refused: int | None,
    ) -> dict[str, Any]:
        if self.away:
            self.away -= 1
            raise HubUnreachableError("the hub is gone")
        await asyncio.sleep(0)
        self.seq += 1
        return {"cursor": self.seq, "events": [] if cursor is None else [row(self.seq)], "lost": False, "refused": 0}


class FrontEnd:
    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.size = 0

    def hear(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        self.told.append(message)
        self.size += len(json.dumps(message))

    def kinds(self) -> list[str]:
        return [message["told"] for message in self.told]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def at_rest(hub: Hub) -> int:
    """Where the hub is when nobody asks it for more any longer."""
    async with asyncio.timeout(10):
        seen = -1
        while seen != hub.seq:
            seen = hub.seq
            for _ in range(100):
                await asyncio.sleep(0)
    return seen


async def never(number):
    raise AssertionError(f"nobody stops the run {number}")


async def test_a_hub_that_was_away_is_told_and_listed_again(monkeypatch):
    monkeypatch.setattr(watch, "_AGAIN", 0.01)
    front = FrontEnd()
    viewer = Viewer("one", Hub(away=2), {}, front.hear, never)
    viewer.take({"ask": "open", "number": 1})
    await until(lambda: "rows" in front.kinds())
    viewer.close()
    assert front.kinds()[:4] == ["filter", "problem", "problem", "list"]
    assert front.told[1]["message"] == "the hub is gone"


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(viewers, "_PAUSE", 0)
    monkeypatch.setattr(viewers, "_PATIENCE", 0)
    monkeypatch.setattr(viewers, "_UNHEARD", 50_000)


async def test_a_page_that_was_closed_is_told_no_more_until_somebody_is_there_again(quick):
    front, hub = FrontEnd(), Hub()
    viewer = Viewer("one", hub, {}, front.hear, never)
    viewer.take({"ask": "open", "number": 1})
    await until(lambda: front.size > 50_000)
    seen = await at_rest(hub)
    viewer.take({"ask": "here"})
    await until(lambda: hub.seq > seen + 10)
    viewer.close()


async def test_what_is_asked_at_once_beyond_measure_is_refused(quick):
    front = FrontEnd()
    viewer = Viewer("one", Hub(), {}, front.hear, never)
    for number in range(100):
        viewer.take({"ask": "page", "number": number})
    await until(lambda: len(front.told) == 100)
    refused = [message for message in front.told if "too many questions" in message.get("error", "")]
    assert 0 < len(refused) < 100
