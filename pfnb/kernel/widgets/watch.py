"""Changes among the events of a filter, for as long as they are read. Survives a hub that is away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pfnb.exceptions import PfnbError
from pfnb.http.protocol import KernelPort
from pfnb.rows.event import Filter, ListedEvent

_SECONDS = 10.0
_AGAIN = 1.0


@dataclass(frozen=True)
class Change:
    """Rows that are new or have changed, or how many requests were `refused` so far. `lost`: changes were missed, list again.
    `problem`: why nothing is known."""

    rows: tuple[ListedEvent, ...] = ()
    lost: bool = False
    problem: str = ""
    refused: int | None = None


async def changes(hub: KernelPort, filter: Filter) -> AsyncIterator[Change]:  # noqa: A002 - the hub's word
    """The first change comes at once, as `lost`: a list made from then on misses no change."""
    cursor: int | None = None
    refused: int | None = None
    while True:
        try:
            seconds = _SECONDS if cursor is not None else 0
            found = await hub.watch_events(cursor, filter, timeout=seconds, refused=refused)
        except PfnbError as error:
            cursor = None
            yield Change(problem=error.message)
            await asyncio.sleep(_AGAIN)
            continue
        if cursor is None or found["lost"]:
            yield Change(lost=True)
        elif found["events"]:
            yield Change(tuple(found["events"]))
        if found["refused"] != (refused or 0):
            yield Change(refused=found["refused"])
        cursor, refused = found["cursor"], found["refused"]
