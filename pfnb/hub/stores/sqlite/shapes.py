"""Compares a database's tables and indices with those that the steps of the schema create.

Older versions committed each table and column of a step separately, up to its first change of rows. If they were killed in
between, some of these exist although the schema's version does not say so.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

Shapes = dict[str, Any]
"""The description of each table and index, by name."""


class ForeignSchemaError(Exception):
    """The tables are not from any version of pfnb."""


def statements_done(connection: sqlite3.Connection, steps: Sequence[str], statements: Sequence[str]) -> int:
    """How many of the next step's first statements this database already has, besides all statements of the earlier steps."""
    stages = list(_stages(steps, statements))
    names = stages[-1].keys()
    there = {name: shape for name, shape in _shapes(connection).items() if name in names}
    if not steps and not there and _shapes(connection):
        raise ForeignSchemaError("it contains tables of another program")
    for done, stage in enumerate(stages):
        if stage == there:
            return done
    [nearest] = _differences(stages[0], there)[:1] or ["a table"]
    raise ForeignSchemaError(f"{nearest} differs from that of schema version {len(steps)}")


def _stages(steps: Sequence[str], statements: Sequence[str]) -> Iterator[Shapes]:
    """The shapes after the earlier steps, then after each next statement, up to the first one that changes rows."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for step in steps:
            for statement in step.split(";"):
                connection.execute(statement)
        yield _shapes(connection)
        for statement in statements:
            if statement.split(maxsplit=1)[0] not in ("CREATE", "ALTER"):
                return
            connection.execute(statement)
            yield _shapes(connection)


def _shapes(connection: sqlite3.Connection) -> Shapes:
    shapes: Shapes = {}
    query = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    for kind, name, sql in connection.execute(query).fetchall():
        if kind == "table":
            columns = connection.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
            keys = connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (name,)).fetchall()
            unique = connection.execute(
                "SELECT l.origin, i.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i WHERE l.origin <> 'c'",
                (name,),
            ).fetchall()
            shapes[name] = (columns, keys, unique)
        else:
            shapes[name] = re.sub(r"\s+", " ", sql)
    shapes.pop("schema_version", None)
    return shapes


def _differences(wanted: Shapes, there: Shapes) -> list[str]:
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
