"""A hub that has received many events: how long its owner waits for the first page of them, with and without filters."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.event import Event
from pfnb.hub.records.query import EventFilter

EVENTS = 100_000
HOOKS = [f"0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f69{number:04d}" for number in range(20)]
RARE = "order.rare"
BATCH = 5_000
BODY = json.dumps({"order": 42, "note": "n" * 1000}).encode()
ASKED = {
    "all": EventFilter(),
    "a key": EventFilter(key="order.key3"),
    "a key that is rare": EventFilter(key=RARE),
    "a pattern of keys": EventFilter(key="order.*"),
    "a webhook": EventFilter(webhook=HOOKS[3]),
    "a webhook that is not there": EventFilter(webhook="none"),
    "succeeded": EventFilter(status="succeeded"),
    "failed": EventFilter(status="failed"),
    "dead, of which there is none": EventFilter(status="dead"),
    "rare key, succeeded": EventFilter(key=RARE, status="succeeded"),
    "a text that is everywhere": EventFilter(text="NNNN"),
    "a text, one part of the search": EventFilter(text="nowhere"),
}
OWNER = "ada"


def first_pages(folder: Path) -> dict[str, float]:
    """Milliseconds, the median of five."""
    return asyncio.run(_first_pages(folder))


async def _first_pages(folder: Path) -> dict[str, float]:
    home = Home(HubOptions(folder))
    await home.open()
    try:
        await _fill(home.hub)
        return {**await _pages(home.hub, ASKED), "a text, the whole search": await _search(home.hub, "nowhere")}
    finally:
        await home.close()


def pages(folder: Path, asked: Mapping[str, EventFilter]) -> dict[str, float]:
    """The same of a hub that has its events already, by what is asked."""
    return asyncio.run(_pages_of(folder, asked))


async def _pages_of(folder: Path, asked: Mapping[str, EventFilter]) -> dict[str, float]:
    home = Home(HubOptions(folder))
    await home.open()
    try:
        return await _pages(home.hub, asked)
    finally:
        await home.close()


async def _pages(hub: Hub, asked: Mapping[str, EventFilter]) -> dict[str, float]:
    return {name: await _page(hub, one) for name, one in asked.items()}


async def _fill(hub: Hub) -> None:
    for first in range(0, EVENTS, BATCH):
        stored = await asyncio.gather(
            *(
                hub.store.events.add(_event(number), Body(len(BODY), BODY, None), ["lead"])
                for number in range(first, first + BATCH)
            )
        )
        ends = ((one.deliveries[0].id, "failed" if one.seq % 1000 == 0 else "succeeded") for one in stored)
        await asyncio.gather(*(hub.store.deliveries.finish(number, status, None, []) for number, status in ends))


def _event(number: int) -> Event:
    return Event(
        id=f"event-{number}",
        event_key=RARE if number == EVENTS // 200 else f"order.key{number % 50}",
        namespace="default",
        trace_id="6936bd:abcdefg",
        correlation_id=f"correlation-{number}",
        created=number,
        owner=OWNER,
        webhook=HOOKS[number % len(HOOKS)],
        headers={f"header-{one}": "value" * 6 for one in range(12)},
        content_type="application/json",
        size=len(BODY),
    )


async def _page(hub: Hub, asked: EventFilter) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        await hub.history.page(OWNER, asked, None, 100)
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


async def _search(hub: Hub, text: str) -> float:
    """All events, part by part."""
    started = time.perf_counter()
    page = await hub.history.page(OWNER, EventFilter(text=text), None, 100)
    while page["next"] is not None:
        page = await hub.history.page(OWNER, EventFilter(text=text), page["next"], 100)
    return (time.perf_counter() - started) * 1e3
