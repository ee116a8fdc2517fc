"""Folders `pfnb-2`, `pfnb-3`, … of versions that had a hub for each Jupyter Server. Merged into the one hub when it opens."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from pfnb.exceptions import BusyError
from pfnb.hub.home import locked
from pfnb.hub.stores.sqlite.merge import merge
from pfnb.leaks.folders import DATABASE


def merge_older_hubs(folder: Path, log: logging.Logger) -> None:
    """Merged folders are renamed, such as to `pfnb-2.merged`. One that a server of an older version still uses waits for the next
    start. Raises any error of reading or writing; the folder is then unchanged."""
    pattern = re.compile(rf"{re.escape(folder.name)}-\d+")
    for other in sorted(folder.parent.iterdir()):
        if not pattern.fullmatch(other.name) or not (other / DATABASE).is_file():
            continue
        try:
            lock = locked(other)
        except BusyError:
            log.warning("pfnb: %s is in use by an older version: it is merged after that version ends", other)
            continue
        try:
            merged = merge(folder, other, database=DATABASE)
            done = _free(other.with_name(f"{other.name}.merged"))
            other.rename(done)
        finally:
            lock.release()
        log.info("pfnb has taken over %s webhooks and %s events of %s", merged.webhooks, merged.events, done)
        for name, beside in merged.beside.items():
            log.warning("pfnb: %s differs from the one in %s, and was kept as %s", name, done.name, beside)


def _free(path: Path) -> Path:
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free
