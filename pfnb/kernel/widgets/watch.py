"""What changes among the events of a filter, for as long as somebody looks, also over a hub that is away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.kernel.port import SessionPort

_SECONDS = 10.0
_AGAIN = 1.0


@dataclass(frozen=True)
class Change:
    """Rows that are new or have changed. `lost`: what changed is not known, so list again. `problem`: why nothing is known."""

    rows: tuple[Mapping[str, Any], ...] = ()
    lost: bool = False
    problem: str = ""


async def changes(hub: SessionPort, filter: Mapping[str, Any]) -> AsyncIterator[Change]:  # noqa: A002 - the hub's word
    """The first one comes at once and says only that whatever is listed from now on misses nothing."""
    cursor: int | None = None
    while True:
        try:
            found = await hub.watch_events(cursor, filter, timeout=_SECONDS if cursor is not None else 0)
        except PfnbError as error:
            cursor = None
            yield Change(problem=error.message)
            await asyncio.sleep(_AGAIN)
            continue
        if cursor is None or found["lost"]:
            yield Change(lost=True)
        elif found["events"]:
            yield Change(tuple(found["events"]))
        cursor = found["cursor"]
