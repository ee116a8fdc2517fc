"""What the works of one commit are written with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPICursor

from pfnb.hub.stores.sql.dialect import Dialect
from pfnb.hub.stores.sql.sequences import Sequences

MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class Transaction:
    """Statements that are run for every request go to the driver itself: SQLAlchemy would take several times as long."""

    connection: sa.Connection
    dialect: Dialect
    numbers: Sequences

    def run(self, statement: str, values: Sequence[Any]) -> DBAPICursor:
        """The statement has `?` for each value."""
        cursor = self.connection.connection.cursor()
        cursor.execute(self.dialect.marked(statement), values)
        return cursor

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self.connection.connection.cursor().executemany(self.dialect.marked(statement), rows)

    def insert(self, table: str, values: list[dict[str, Any]], *, again: bool = False) -> None:
        """One statement for many rows. SQLite's driver releases the GIL at each step of a statement and must wait for the busy
        receiver to get it back: a group of sixteen single inserts took five times as long."""
        for first in range(0, len(values), MAX_ROWS):
            rows = values[first : first + MAX_ROWS]
            statement = self.dialect.insert(table, tuple(rows[0]), len(rows), again=again)
            self.connection.exec_driver_sql(statement, tuple(value for row in rows for value in row.values()))


@dataclass(frozen=True, slots=True)
class Change:
    """Any other write: statements with their values, in order."""

    statements: tuple[tuple[sa.Executable, dict[str, Any] | None], ...]

    def run(self, transaction: Transaction) -> None:
        for statement, values in self.statements:
            transaction.connection.execute(statement, values)
