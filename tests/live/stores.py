"""The stores that a hub may have. A test that holds for all of them runs once with each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pfnb.hub.home import HubOptions, store_of
from pfnb.hub.stores.store import Store

STORES: dict[str, Callable[[Path], HubOptions]] = {
    "memory": lambda _: HubOptions(),
    "sqlite": HubOptions,
}
"""The options of a hub that lives in a folder and has this store."""
DURABLE = [name for name, options in STORES.items() if options(Path()).data_dir is not None]


def new_store(name: str, folder: Path) -> Store:
    """A store of this name in the folder, which may have been used by an earlier one."""
    bodies = folder / "bodies"
    bodies.mkdir(exist_ok=True)
    return store_of(STORES[name](folder), folder, bodies)
