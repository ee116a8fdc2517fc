"""Merges another data directory into this one, in one transaction: older versions made a hub for each Jupyter Server.

Everything has a globally unique name: ids of events, webhooks, attachments and tokens, uuids of properties. What is
already there is skipped, so a merge that was interrupted before its end was noted can be repeated.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pfnb.hub.private import own_folder
from pfnb.hub.stores.bodies import sync_folder
from pfnb.hub.stores.sql import schema
from pfnb.hub.stores.sql.counters import LAST_DELIVERY, LAST_SEQ
from pfnb.hub.stores.sqlite.upgrade import upgrade


@dataclass(slots=True)
class Merged:
    """What was merged, and what was renamed because its name was taken: old names and new ones."""

    events: int = 0
    webhooks: int = 0
    beside: dict[str, str] = field(default_factory=dict)


def merge(folder: Path, other: Path, *, database: str) -> Merged:
    """Nobody else may use either folder meanwhile. `other` is only read, except that its schema is brought up to date."""
    upgrade(folder / database)
    upgrade(other / database, copied=False)
    with closing(sqlite3.connect(folder / database, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("ATTACH DATABASE ? AS old", (str(other / database),))
        _link_bodies(connection, other / "bodies", own_folder(folder / "bodies"))
        connection.execute("BEGIN IMMEDIATE")
        merged = _Merge(connection, other.name).run()
        connection.execute("COMMIT")
    return merged


def _link_bodies(connection: sqlite3.Connection, source: Path, target: Path) -> None:
    """Link the files before the rows that name them. If it stops here, the next start of the hub removes them."""
    query = "SELECT body_file FROM old.{} WHERE body_file IS NOT NULL"
    names = [row[0] for table in ("events", "attachments") for row in connection.execute(query.format(table))]
    for name in names:
        if (target / name).exists():
            continue
        try:
            os.link(source / name, target / name)
        except OSError:
            shutil.copy2(source / name, target / name)
    sync_folder(target)


class _Merge:
    """One transaction. `name` is the name of the other folder."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._merged = Merged()
        self._listeners: dict[str, str] = {}

    def run(self) -> Merged:
        self._identities()
        self._webhooks()
        self._properties()
        self._register()
        self._events()
        return self._merged

    def _webhooks(self) -> None:
        where = "uuid NOT IN (SELECT uuid FROM main.webhooks) AND uuid NOT IN (SELECT uuid FROM main.retired_webhooks)"
        self._copy(schema.webhook_notebooks, where)
        self._merged.webhooks = self._copy(schema.webhooks, where)
        self._copy(schema.retired_webhooks, where)
        self._copy(
            schema.refusals,
            "webhook IN (SELECT uuid FROM main.webhooks) AND webhook NOT IN (SELECT webhook FROM main.refusals)",
        )

    def _properties(self) -> None:
        with_files = {row[0] for row in self._connection.execute("SELECT property FROM old.attachments")}
        for row in self._rows("SELECT * FROM old.properties WHERE uuid NOT IN (SELECT uuid FROM main.properties)"):
            there = self._one("SELECT * FROM main.properties WHERE path = ?", row["path"])
            if there is not None:
                same = all(there[name] == row[name] for name in ("type", "value", "default_value"))
                if same and row["uuid"] not in with_files:
                    continue
                path = self._beside(row["path"], "SELECT 1 FROM main.properties WHERE path = ?")
                self._listeners[_relative(row["path"])] = _relative(path)
                row = {**row, "path": path}
            self._insert(schema.properties, row)
        self._copy(
            schema.attachments,
            "id NOT IN (SELECT id FROM main.attachments) AND property IN (SELECT uuid FROM main.properties)",
        )

    def _register(self) -> None:
        """Deliveries wait for the pipeline of the same name here, if it is the same pipeline; else both pipelines are kept."""
        for row in self._rows("SELECT * FROM old.listeners"):
            name = row["name"]
            there = self._one("SELECT * FROM main.listeners WHERE name = ?", name)
            if there is not None and there["notebook"] == row["notebook"]:
                self._listeners.pop(name, None)
                continue
            if there is not None:
                self._listeners[name] = f"{name}-from-{self._name}"
                self._merged.beside[name] = self._listeners[name]
            name = self._listeners.get(name, name)
            if self._one("SELECT 1 FROM main.listeners WHERE name = ?", name) is None:
                self._insert(schema.listeners, {**row, "name": name})

    def _events(self) -> None:
        seq, delivery = self._last("events", "seq", LAST_SEQ), self._last("deliveries", "id", LAST_DELIVERY)
        self._connection.execute(
            "CREATE TEMP TABLE new AS SELECT seq FROM old.events WHERE id NOT IN (SELECT id FROM main.events)"
        )
        where = "{} IN (SELECT seq FROM temp.new)"
        self._merged.events = self._copy(schema.events, where.format("seq"), {"seq": seq})
        self._connection.execute("CREATE TEMP TABLE renamed (old TEXT PRIMARY KEY, new TEXT)")
        self._connection.executemany("INSERT INTO temp.renamed VALUES (?, ?)", self._listeners.items())
        numbers = {"id": delivery, "event_seq": seq}
        renamed = {"listener": "coalesce((SELECT new FROM temp.renamed WHERE old = listener), listener)"}
        self._copy(schema.deliveries, where.format("event_seq"), numbers, renamed)
        for table, column, counter in (("events", "seq", LAST_SEQ), ("deliveries", "id", LAST_DELIVERY)):
            last = self._last(table, column, counter)
            self._connection.execute("UPDATE main.counters SET value = ? WHERE name = ?", (last, counter))

    def _identities(self) -> None:
        """A different user or role of the same name is kept under a new name; the user's tokens go with it."""
        roles = self._named("role", lambda record: (sorted(record["composites"]),), "{}_FROM_{}")
        users = self._named(
            "account", lambda record: (sorted(record["roles"]), record["password"]), "{}-from-{}", roles
        )
        for row in self._rows("SELECT * FROM old.identities WHERE kind NOT IN ('account', 'role')"):
            record = json.loads(row["record"])
            if row["kind"] == "gone":
                taken = self._one("SELECT 1 FROM main.identities WHERE kind = 'account' AND name = ?", row["name"])
                if taken is not None:
                    continue
            else:
                record["user"] = users.get(record["user"], record["user"])
                if record.get("scope") is not None:
                    record["scope"] = [roles.get(role, role) for role in record["scope"]]
            self._identity(row["kind"], row["name"], record)

    def _named(self, kind: str, rights: Any, form: str, roles: dict[str, str] | None = None) -> dict[str, str]:
        beside: dict[str, str] = {}
        for row in self._rows("SELECT * FROM old.identities WHERE kind = ?", kind):
            name, record = row["name"], json.loads(row["record"])
            if roles is not None:
                record["roles"] = [roles.get(role, role) for role in record["roles"]]
            there = self._one(
                "SELECT kind, record FROM main.identities WHERE kind IN (?, 'gone') AND lower(name) = lower(?)",
                kind,
                name,
            )
            if there is not None and (there["kind"] == "gone" or rights(json.loads(there["record"])) != rights(record)):
                suffix = self._name.upper().replace("-", "_") if kind == "role" else self._name
                beside[name] = form.format(name, suffix)
                self._merged.beside[name] = beside[name]
                name = record["name"] = beside[name]
            self._identity(kind, name, record)
        return beside

    def _identity(self, kind: str, name: str, record: dict[str, Any]) -> None:
        if self._one("SELECT 1 FROM main.identities WHERE kind = ? AND name = ?", kind, name) is None:
            self._insert(schema.identities, {"kind": kind, "name": name, "record": json.dumps(record)})

    def _beside(self, path: str, query: str) -> str:
        wanted, number = f"{path}-from-{self._name}", 1
        free = wanted
        while self._one(query, free) is not None:
            number += 1
            free = f"{wanted}-{number}"
        self._merged.beside[path] = free
        return free

    def _copy(
        self, table: sa.Table, where: str, more: dict[str, int] | None = None, made: dict[str, str] | None = None
    ) -> int:
        """Copy rows, adding an offset to some number columns. All names and SQL texts are constants of this module."""
        columns = [column.name for column in table.columns]
        chosen = [
            f"{name} + {more[name]}" if more and name in more else (made or {}).get(name, name) for name in columns
        ]
        into = f"INSERT INTO main.{table.name} ({', '.join(columns)})"
        statement = f"{into} SELECT {', '.join(chosen)} FROM old.{table.name} WHERE {where}"  # noqa: S608
        return self._connection.execute(statement).rowcount

    def _insert(self, table: sa.Table, row: dict[str, Any]) -> None:
        columns = [column.name for column in table.columns]
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO main.{table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
        self._connection.execute(statement, [row[name] for name in columns])

    def _last(self, table: str, column: str, counter: str) -> int:
        query = f"SELECT max(coalesce((SELECT max({column}) FROM main.{table}), 0), value) FROM main.counters WHERE name = ?"  # noqa: S608
        return int(self._connection.execute(query, (counter,)).fetchone()[0])

    def _rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(query, values)]

    def _one(self, query: str, *values: Any) -> Any:
        return self._connection.execute(query, values).fetchone()


def _relative(path: str) -> str:
    """The pipeline's name for the path `/pipeforce/<namespace>/global/app/x`."""
    return path.split("/", 3)[3]
