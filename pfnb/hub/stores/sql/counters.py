"""Single numbers that the database keeps, by name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pfnb.hub.stores.sql.schema import counters
from pfnb.hub.stores.sql.transaction import Change

LAST_SEQ = "last_seq"
LAST_DELIVERY = "last_delivery"
"""Numbers up to these were given, even if nothing has them any more."""
UNKNOWN_WEBHOOK = "unknown_webhook"
AGED = "aged"
TRIED = "tried"
"""Written only to see whether the disk accepts it."""


def value(name: str) -> sa.Select[Any]:
    return sa.select(counters.c.value).where(counters.c.name == name)


def put(name: str, value: int) -> Change:
    remove = sa.delete(counters).where(counters.c.name == name)
    return Change(((remove, None), (sa.insert(counters), {"name": name, "value": value})))


def last(connection: sa.Connection, column: sa.Column[int], name: str) -> int:
    """The last number that was given to a row with this column."""
    return max(connection.scalar(sa.select(sa.func.max(column))) or 0, connection.scalar(value(name)) or 0)
