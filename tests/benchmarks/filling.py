"""Events and deliveries straight into a hub's database, far faster than they are received. No hub may have it open."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from pfnb.hub.clock import now
from pfnb.hub.home import DATABASE
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.event import Event
from pfnb.hub.stores.sql import rows

HEADERS = {f"header-{one}": "value" * 6 for one in range(12)}
BATCH = 10_000


def fill(folder: Path, *, count: int, owner: str, key: str, listener: str, status: str) -> None:
    """So many events of 1 KiB, the n-th with `{"order": n}`, each with one delivery of this status. The database has its tables,
    and no events yet. The newest is of now: old ones would be removed while the hub is measured."""
    oldest = now() - count
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        for first in range(1, count + 1, BATCH):
            numbers = range(first, min(first + BATCH, count + 1))
            events = [_event_row(number, oldest + number, owner, key) for number in numbers]
            names = ", ".join(events[0])
            marks = ", ".join("?" * len(events[0]))
            with connection:
                connection.executemany(
                    f"INSERT INTO events ({names}) VALUES ({marks})", [tuple(row.values()) for row in events]
                )
                connection.executemany(
                    "INSERT INTO deliveries (id, event_seq, listener, status, attempts, owner) VALUES (?, ?, ?, ?, 0, ?)",
                    [(number, number, listener, status, owner) for number in numbers],
                )


def _event_row(number: int, created: int, owner: str, key: str) -> dict[str, object]:
    body = json.dumps({"order": number, "note": "n" * 1000}).encode()
    event = Event(
        id=f"{number:032x}",
        event_key=key,
        namespace="default",
        trace_id="6936bd:abcdefg",
        correlation_id=f"correlation-{number}",
        created=created,
        owner=owner,
        headers=HEADERS,
        content_type="application/json",
        size=len(body),
    )
    return rows.event_row(event, Body(len(body), body, None), number)
