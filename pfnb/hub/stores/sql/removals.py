"""Removes events from the database, and returns their space to the disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pfnb.hub.records.delivery import DeliveryStatus
from pfnb.hub.stores.sql.decoys import PLACE
from pfnb.hub.stores.sql.dialect import Dialect
from pfnb.hub.stores.sql.schema import counters, deliveries, events
from pfnb.hub.stores.sql.sequences import LAST_DELIVERY, LAST_SEQ
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


def overdue(connection: sa.Connection, listener: str, before: int, most: int, limit: int) -> list[int]:
    mine = (deliveries.c.listener == listener, deliveries.c.status == "pending")
    newest = sa.select(deliveries.c.id).where(*mine).order_by(deliveries.c.id.desc())
    too_many = connection.scalar(newest.offset(most).limit(1)) or 0
    old = sa.exists().where(events.c.seq == deliveries.c.event_seq, events.c.created < before)
    found = sa.select(deliveries.c.id).where(*mine, sa.or_(deliveries.c.id <= too_many, old))
    return list(connection.scalars(found.order_by(deliveries.c.id).limit(limit)))


@dataclass(frozen=True, slots=True)
class GiveUp:
    deliveries: Sequence[int]
    error: Mapping[str, Any]
    statuses: tuple[DeliveryStatus, ...]

    def run(self, transaction: Transaction) -> int:
        """Returns how many deliveries were given up."""
        meant = (deliveries.c.id.in_(self.deliveries), deliveries.c.status.in_(self.statuses))
        dead = sa.update(deliveries).where(*meant).values(status="dead", error=json.dumps(self.error))
        return transaction.connection.execute(dead).rowcount
