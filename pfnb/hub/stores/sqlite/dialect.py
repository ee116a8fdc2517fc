"""SQLite in WAL mode, every commit synced to disk. One process has the file open, and one thread of it writes."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from pfnb.exceptions import StartError
from pfnb.hub.stores.sql.dialect import LostStoreError
from pfnb.hub.stores.sql.sequences import Sequences
from pfnb.hub.stores.sqlite.troubles import start_error
from pfnb.hub.stores.sqlite.upgrade import upgrade

JOURNAL_BYTES = 64 * 1024 * 1024
WRITER_KIBIBYTES = 16 * 1024


class Sqlite:
    """`file` is the database, readable by its owner only."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._place = (0, 0)
        """Device and number of the database file that was prepared."""

    def engine(self) -> sa.Engine:
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(self._file)), hide_parameters=True)
        sa.event.listen(engine, "connect", _configure)
        return engine

    def connect_to_write(self, engine: sa.Engine) -> sa.Connection:
        connection = engine.connect()
        # Pages that are rarely written must take no longer than those that are always cached.
        connection.exec_driver_sql(f"PRAGMA cache_size = -{WRITER_KIBIBYTES}")
        connection.commit()
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection), "the driver is Python's own"
        # By itself, the driver begins a transaction with the first row that is written, and not for tables.
        driver.isolation_level = None
        sa.event.listen(connection, "begin", lambda _: driver.execute("BEGIN IMMEDIATE"))
        return connection

    def prepare(self) -> None:
        upgrade(self._file)
        self._place = _place(self._file)

    def start_error(self, error: BaseException | None) -> StartError:
        return start_error(self._file, error)

    def numbers(self, last_event: int, last_delivery: int) -> Sequences:
        """Counted here: nobody else writes."""
        return Sequences(itertools.count(last_event + 1), itertools.count(last_delivery + 1))

    def check(self) -> None:
        """SQLite itself would continue in a deleted file."""
        try:
            if _place(self._file) == self._place:
                return
        except OSError:
            pass
        raise LostStoreError(
            f"{self._file} was moved or removed while the hub was running, so nothing can be stored: put it back, or stop "
            "the hub, restore the folder from a backup and start again"
        )

    def is_away(self, error: BaseException) -> bool:
        return isinstance(error, sa.exc.OperationalError | sqlite3.OperationalError)

    def size(self, connection: sa.Connection) -> int:
        pages, free, page = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)

    def shrink(self, connection: sa.Connection) -> None:
        """Truncate free pages from the file. Each driver call frees one page, however many are requested."""
        cursor = connection.connection.cursor()
        for _ in range(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()):
            cursor.execute("PRAGMA incremental_vacuum(1)")
        cursor.close()

    def marked(self, statement: str) -> str:
        return statement

    def insert(self, table: str, columns: Sequence[str], rows: int, *, again: bool) -> str:
        return _insert(table, columns, rows, "INSERT OR REPLACE" if again else "INSERT")


@lru_cache(maxsize=256)
def _insert(table: str, columns: Sequence[str], rows: int, verb: str) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"


def _place(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_dev, found.st_ino


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA journal_size_limit={JOURNAL_BYTES}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=5000")
