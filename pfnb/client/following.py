"""Follows the events of a hub: each once, in the sequence of their commits, and the requests that were refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from pfnb.exceptions import HubUnreachableError
from pfnb.http.protocol import KernelPort
from pfnb.rows.event import Filter, ListedEvent
from pfnb.rows.webhook import RefusedOfWebhook, RefusedRow

PAGE = 200
MOST = 1_000
"""How many events are caught up on at once; of more, only the newest are."""
PAUSE = 1.0
"""Seconds before the hub is asked again after it could not be reached."""


@dataclass(frozen=True, slots=True)
class News:
    """`events` are the oldest first; `missed`: there were more than can be caught up on. `refused` are pairs of a webhook's event
    key and a request that it refused, the oldest first; `uncounted` more were refused. `problem` says why there are no news."""

    events: Sequence[ListedEvent] = ()
    missed: bool = False
    refused: Sequence[tuple[str, RefusedRow]] = ()
    uncounted: int = 0
    problem: str | None = None


async def follow(hub: KernelPort, asked: Filter, after: int) -> AsyncIterator[News]:
    """News of the events above the sequence number `after` and of requests refused from now on, as they come. Never ends."""
    counts = _counts(await hub.list_refused(asked))
    seen = await hub.watch_events(None, asked)
    lost = True  # what came before the first cursor must be listed, too
    while True:
        events, missed = await _listed(hub, asked, after) if lost else (_above(after, seen["events"]), False)
        if events:
            after = events[-1]["seq"]
        if events or missed:
            yield News(events, missed)
        if seen["refused"] != sum(counts.values()):
            rows = await hub.list_refused(asked)
            yield _refused(rows, counts)
            counts = _counts(rows)
        while True:
            try:
                seen = await hub.watch_events(seen["cursor"], asked, refused=sum(counts.values()))
                break
            except HubUnreachableError as error:
                yield News(problem=error.message)
                await asyncio.sleep(PAUSE)
        lost = seen["lost"]


async def _listed(hub: KernelPort, asked: Filter, after: int) -> tuple[list[ListedEvent], bool]:
    """The events above `after`, the oldest first, and whether there were more than MOST."""
    found: list[ListedEvent] = []
    before: int | None = None
    while len(found) < MOST:
        page = await hub.list_events(asked, before, PAGE)
        fresh = _above(after, page["events"])
        found = fresh + found
        before = page["next"]
        if before is None or before <= after + 1 or len(fresh) < len(page["events"]):
            return found, False
    return found, True


def _above(after: int, rows: Sequence[ListedEvent]) -> list[ListedEvent]:
    """Rows of the newest first, as the oldest first."""
    return sorted((row for row in rows if row["seq"] > after), key=lambda row: row["seq"])


def _counts(rows: Sequence[RefusedOfWebhook]) -> dict[str, int]:
    return {row["uuid"]: row["count"] for row in rows}


def _refused(rows: Sequence[RefusedOfWebhook], before: Mapping[str, int]) -> News:
    """What was refused since the counts were those `before`."""
    fresh, uncounted = list[tuple[str, RefusedRow]](), 0
    for row in rows:
        number = max(0, row["count"] - before.get(row["uuid"], 0))
        described = row["refused"][:number]
        fresh += [(row["eventKey"], one) for one in described]
        uncounted += number - len(described)
    return News(refused=sorted(fresh, key=lambda one: one[1]["created"]), uncounted=uncounted)
