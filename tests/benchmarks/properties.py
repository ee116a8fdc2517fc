"""How long a listing of many properties takes, in a database on disk."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.records.property import Property
from pfnb.hub.stores.changes import PropertyChange
from pfnb.language.port import User

PROPERTIES = 10_000
PATTERNS = {
    "all of them, by **": "global/app/**",
    "one app of a hundred": "global/app/app42/*",
    "by **/**": "**/object/*7",
}
_ROUNDS = 7


def listings(folder: Path) -> Mapping[str, float]:
    """Milliseconds of each, the median of some."""
    return asyncio.run(_listings(folder))


async def _listings(folder: Path) -> dict[str, float]:
    home = Home(HubOptions(folder))
    await home.open()
    many = [
        Property(f"/pipeforce/default/global/app/app{n % 100}/object/{n}", f"u{n}", "ada", n, value='{"a": 1}' * 10)
        for n in range(PROPERTIES)
    ]
    await home.hub.store.properties.change(PropertyChange(many), [])
    access = HubAccess(home.hub, User("ada"), "http://127.0.0.1/pfnb")
    figures = {}
    for name, pattern in PATTERNS.items():
        times = []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            await access.list_properties(pattern)
            times.append(time.perf_counter() - began)
        figures[name] = statistics.median(times) * 1e3
    await home.close()
    return figures
