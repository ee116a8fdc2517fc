"""A hub's data directory with many events in it, as one that has been in use for long."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import now
from pfnb.hub.people.identity import default_owner
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.event import Event, new_correlation_id, new_event_id, new_trace_id

EVENTS = 100_000
KEYS = ("webhook.archive.lead", "webhook.archive.order", "webhook.archive.issue")
_APART = 20_000
"""Milliseconds between two: all are of the last 30 days, which a hub keeps."""
_BODY = b'{"from": "the archive"}'


def fill(folder: Path, events: int = EVENTS) -> None:
    """The hub stores the first of them. The others are rows like that one: 100,000 calls would take many seconds."""
    random, first = Random(1), now() - _APART * events
    asyncio.run(_store(folder, first, random))
    with closing(sqlite3.connect(folder / "pfnb.sqlite")) as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM events").fetchone())
        rows = (row | _its_own(number, first + _APART * number, random) for number in range(1, events))
        values = ", ".join(f":{name}" for name in row)
        database.executemany(f"INSERT INTO events ({', '.join(row)}) VALUES ({values})", rows)
        database.commit()


def _its_own(number: int, created: int, random: Random) -> dict[str, object]:
    key = KEYS[number % len(KEYS)]
    return {"seq": number + 1, "id": new_event_id(created, random), "event_key": key, "created": created}


async def _store(folder: Path, created: int, random: Random) -> None:
    home = Home(HubOptions(folder))
    await home.open()
    await home.hub.store.events.add(_event(created, random), Body(len(_BODY), _BODY, None), [])
    await home.close()


def _event(created: int, random: Random) -> Event:
    return Event(
        id=new_event_id(created, random),
        event_key=KEYS[0],
        namespace="default",
        trace_id=new_trace_id(None, random),
        correlation_id=new_correlation_id(random),
        created=created,
        owner=default_owner(),
        headers={"content-type": "application/json"},
        content_type="application/json",
        size=len(_BODY),
    )
