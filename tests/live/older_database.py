"""Databases as earlier versions left them, with something in every table that they had."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from pfnb.hub.stores.sql import rows
from pfnb.hub.stores.sqlite.migrations import MIGRATIONS, migrate
from tests.hub.conftest import HOOK, event, small

LISTENER = {
    "name": "lead", "pattern": "order.*", "owner": "ada", "notebook": "a.ipynb", "created": 1, "source": "", "concurrency": 1,
}  # fmt: skip
PROPERTY = {"uuid": "p", "path": "global/app/demo/x", "owner": "ada", "created": 1, "tags": "[]"}


def older_database(file: Path, version: int, *, events: int = 10) -> None:
    """Of this schema version. Every second event waits for a listener."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        if version:
            migrate(connection, version)
            _fill(connection, events)
        connection.execute("COMMIT")


def _fill(connection: sqlite3.Connection, events: int) -> None:
    _insert(connection, "webhooks", rows.webhook_row(HOOK))
    _insert(connection, "listeners", LISTENER)
    for number in range(1, events + 1):
        _insert(connection, "events", rows.event_row(event(number, webhook=HOOK.uuid), small(), number))
        if number % 2:
            waiting = {"id": number, "event_seq": number, "listener": "lead", "status": "pending", "attempts": 0}
            _insert(connection, "deliveries", waiting)
    _insert(connection, "properties", PROPERTY)
    _insert(connection, "identities", {"kind": "gone", "name": "eve", "record": "{}"})


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """As far as this version has such a table and columns."""
    known = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)) if name in row]
    if known:
        words = f"INSERT INTO {table} ({', '.join(known)}) VALUES ({', '.join('?' * len(known))})"
        connection.execute(words, [row[name] for name in known])


def half_done(file: Path, version: int, statements: int) -> None:
    """As the next version leaves it that commits each statement by itself, killed after so many of them."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        for statement in MIGRATIONS[version].split(";")[:statements]:
            connection.execute(statement)


def contents(file: Path) -> tuple[list[Any], dict[str, list[Any]]]:
    """The definitions of a database, and the rows of its tables."""
    with closing(sqlite3.connect(file)) as connection:
        definitions = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        tables = [name for kind, name, _ in definitions if kind == "table"]
        return definitions, {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
