"""Upgrades a database to today's schema in one transaction: if the process ends meanwhile, it is either old or new.

Before a database with data is changed, it is copied to `pfnb.sqlite.schema-N` beside it, for users who go back to the older
pfnb. The copy is removed by the first start after KEPT_DAYS, and by the next upgrade.
"""

from __future__ import annotations

import glob
import logging
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from pfnb.exceptions import StartError
from pfnb.hub.private import private_file
from pfnb.hub.stores.bodies import sync_folder
from pfnb.hub.stores.sqlite.migrations import MIGRATIONS, migrate, version_of
from pfnb.hub.stores.sqlite.shapes import ForeignSchemaError
from pfnb.hub.stores.sqlite.troubles import damaged, start_error
from pfnb.hub.troubles import os_error

log = logging.getLogger("pfnb.hub")
UNFINISHED = "schema-unfinished"
KEPT_DAYS = 7
INCREMENTAL = 2
"""SQLite's `auto_vacuum` mode in which the file shrinks on request."""
_PAGE_SIZE, _PAGES, _LARGEST = slice(16, 18), slice(28, 32), 65_536


def upgrade(file: Path, *, copied: bool = True) -> None:
    """Create the database, or upgrade it to today's schema. StartError, with the file unchanged, if that is not possible.

    Without `copied` no copy is made. Nobody else may use the file meanwhile.
    """
    try:
        private_file(file)
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            _upgrade(connection, file, copied)
    except sqlite3.Error as error:
        raise start_error(file, error) from None
    except OSError as error:
        raise os_error(file, error) from None


def _upgrade(connection: sqlite3.Connection, file: Path, copied: bool) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    _check_length(connection, file)
    version, newest = version_of(connection), len(MIGRATIONS)
    if version > newest:
        raise StartError(f"{file} has schema version {version}, but this pfnb knows only {newest}: use a newer pfnb")
    if 0 < version < newest and copied:
        _copy(connection, file, version)
    else:
        _forget_copies(file, KEPT_DAYS * 86_400)
    _give_space_back(connection)
    if version == newest:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrate(connection)
    except ForeignSchemaError as error:
        raise damaged(file, str(error)) from None
    connection.execute("COMMIT")
    if version:
        log.info("%s was upgraded from schema version %s to %s", file, version, newest)


def _check_length(connection: sqlite3.Connection, file: Path) -> None:
    """SQLite itself notices a truncated file only when it reads a missing page, which may be months later."""
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    with file.open("rb") as opened:
        head = opened.read(100)
    if busy or len(head) < 100:
        return
    page = int.from_bytes(head[_PAGE_SIZE])
    wanted = int.from_bytes(head[_PAGES]) * (_LARGEST if page == 1 else page)
    there = file.stat().st_size
    if there < wanted:
        raise damaged(file, f"it was cut off ({there} of {wanted} bytes are there)")


def _give_space_back(connection: sqlite3.Connection) -> None:
    """Let the file release free pages; a file created without this is rewritten, once."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:
        connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
        connection.execute("VACUUM")


def _copy(connection: sqlite3.Connection, file: Path, version: int) -> None:
    """Atomic: an incomplete copy has another name, and the next one replaces it."""
    _forget_copies(file)
    size, folder = file.stat().st_size, file.parent
    if shutil.disk_usage(folder).free < size:
        raise StartError(
            f"{file} cannot be upgraded, since the disk has no room for a copy: free {size // 1_000_000 + 1} MB there "
            "and start again"
        )
    unfinished = file.with_name(f"{file.name}.{UNFINISHED}")
    try:
        with closing(sqlite3.connect(private_file(unfinished), isolation_level=None)) as target:
            connection.backup(target)
        unfinished.replace(file.with_name(f"{file.name}.schema-{version}"))
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def _forget_copies(file: Path, older_than: float = 0) -> None:
    """Remove the copies that are older than this many seconds, and all incomplete ones."""
    for copy in file.parent.glob(f"{glob.escape(file.name)}.schema-*"):
        if copy.name.endswith(UNFINISHED) or copy.stat().st_mtime <= time.time() - older_than:
            copy.unlink()
