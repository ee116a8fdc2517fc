"""Removes events from the database, and returns their space to the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pfnb.hub.stores.sql.counters import LAST_DELIVERY, LAST_SEQ
from pfnb.hub.stores.sql.decoys import PLACE
from pfnb.hub.stores.sql.dialect import Dialect
from pfnb.hub.stores.sql.schema import counters, deliveries, events
from pfnb.hub.stores.sql.transaction import Transaction

_PENDING = sa.exists().where(deliveries.c.event_seq == events.c.seq, deliveries.c.status == "pending")


def size(connection: sa.Connection, dialect: Dialect) -> int:
    """Bytes in use of the database, and of the body files; without decoys, which strangers can create."""
    files = connection.scalar(sa.select(sa.func.sum(events.c.size)).where(events.c.body_file.is_not(None)))
    decoys = 0
    if sa.inspect(connection).has_table(PLACE.events):
        decoys = connection.exec_driver_sql(f"SELECT sum(length(body)) FROM {PLACE.events}").scalar() or 0  # noqa: S608
    return dialect.size(connection) + int(files or 0) - int(decoys)


def removable(connection: sa.Connection, before: int | None, limit: int) -> list[tuple[int, int]]:
    """Seqs and sizes of the oldest events without pending deliveries."""
    oldest = sa.select(events.c.seq, events.c.size).where(~_PENDING).order_by(events.c.seq).limit(limit)
    if before is not None:
        oldest = oldest.where(events.c.created < before)
    return [(row.seq, row.size) for row in connection.execute(oldest)]


@dataclass(frozen=True, slots=True)
class RemoveEvents:
    seqs: Sequence[int]

    def run(self, transaction: Transaction) -> tuple[int, list[str]]:
        """Returns how many were removed, and the names of their body files."""
        connection, numbers = transaction.connection, transaction.numbers
        chosen = sa.select(events.c.seq, events.c.body_file).where(events.c.seq.in_(self.seqs), ~_PENDING)
        gone = connection.execute(chosen).all()
        seqs = [row.seq for row in gone]
        # Seqs are never reused: the next hub continues after these, even if the newest event was removed.
        for name, number in ((LAST_SEQ, next(numbers.event)), (LAST_DELIVERY, next(numbers.delivery))):
            connection.execute(sa.update(counters).where(counters.c.name == name).values(value=number))
        connection.execute(sa.delete(deliveries).where(deliveries.c.event_seq.in_(seqs)))
        connection.execute(sa.delete(events).where(events.c.seq.in_(seqs)))
        transaction.dialect.shrink(connection)
        return len(gone), [row.body_file for row in gone if row.body_file]
