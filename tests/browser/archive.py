"""A hub's data directory with many events in it, as one that has been in use for long."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from pfnb.hub.event import Event, new_correlation_id, new_event_id, new_trace_id
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import now
from pfnb.hub.identity import default_owner
from pfnb.hub.request import Body

EVENTS = 100_000
KEYS = ("webhook.archive.lead", "webhook.archive.order", "webhook.archive.issue")
_AT_ONCE = 2_000
_BODY = b'{"from": "the archive"}'


def fill(folder: Path, events: int = EVENTS) -> None:
    asyncio.run(_fill(folder, events))


async def _fill(folder: Path, events: int) -> None:
    home, random = Home(HubOptions(folder)), Random(1)
    await home.open()
    body = Body(len(_BODY), _BODY, None)
    for start in range(0, events, _AT_ONCE):
        batch = [_event(number, events, random) for number in range(start, start + _AT_ONCE)]
        await asyncio.gather(*(home.hub.store.add_event(event, body, []) for event in batch))
    await home.close()


def _event(number: int, events: int, random: Random) -> Event:
    created = now() - 60_000 * (events - number)
    return Event(
        id=new_event_id(created, random),
        event_key=KEYS[number % len(KEYS)],
        namespace="default",
        trace_id=new_trace_id(None, random),
        correlation_id=new_correlation_id(random),
        created=created,
        owner=default_owner(),
        headers={"content-type": "application/json"},
        content_type="application/json",
        size=len(_BODY),
    )
