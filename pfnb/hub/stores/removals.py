"""Removing events from the database, and giving their space back to the disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pfnb.hub.stores.schema import counters, deliveries, events
from pfnb.hub.stores.sequences import LAST_DELIVERY, LAST_SEQ, Sequences
from pfnb.hub.stores.store import AWAY

_PENDING = sa.exists().where(deliveries.c.event_seq == events.c.seq, deliveries.c.status == "pending")


def size(connection: sa.Connection) -> int:
    """Bytes of the database that are in use, and of the bodies beside it."""
    pages, free, page = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("page_count", "freelist_count", "page_size")
    )
    files = connection.scalar(sa.select(sa.func.sum(events.c.size)).where(events.c.body_file.is_not(None)))
    return int((pages - free) * page + (files or 0))


def removable(connection: sa.Connection, before: int | None, limit: int) -> list[tuple[int, int]]:
    """Orders and sizes of the oldest events of which nothing is pending."""
    oldest = sa.select(events.c.seq, events.c.size).where(~_PENDING).order_by(events.c.seq).limit(limit)
    if before is not None:
        oldest = oldest.where(events.c.created < before)
    return [(row.seq, row.size) for row in connection.execute(oldest)]


@dataclass(frozen=True, slots=True)
class RemoveEvents:
    seqs: Sequence[int]

    def run(self, connection: sa.Connection, numbers: Sequences) -> tuple[int, list[str]]:
        """How many went, and the names of their body files."""
        chosen = sa.select(events.c.seq, events.c.body_file).where(events.c.seq.in_(self.seqs), ~_PENDING)
        gone = connection.execute(chosen).all()
        seqs = [row.seq for row in gone]
        # Orders are never given twice: the next hub goes on behind these, also when the newest event went.
        for name, number in ((LAST_SEQ, next(numbers.event)), (LAST_DELIVERY, next(numbers.delivery))):
            connection.execute(sa.update(counters).where(counters.c.name == name).values(value=number))
        connection.execute(sa.delete(deliveries).where(deliveries.c.event_seq.in_(seqs)))
        connection.execute(sa.delete(events).where(events.c.seq.in_(seqs)))
        _shrink(connection)
        return len(gone), [row.body_file for row in gone if row.body_file]


@dataclass(frozen=True, slots=True)
class GiveUp:
    listener: str
    before: int
    most: int

    def run(self, connection: sa.Connection, _numbers: Sequences) -> int:
        """How many deliveries were given up."""
        mine = (deliveries.c.listener == self.listener, deliveries.c.status == "pending")
        newest = sa.select(deliveries.c.id).where(*mine).order_by(deliveries.c.id.desc())
        too_many = connection.scalar(newest.offset(self.most).limit(1)) or 0
        old = sa.exists().where(events.c.seq == deliveries.c.event_seq, events.c.created < self.before)
        dead = sa.update(deliveries).where(*mine, sa.or_(deliveries.c.id <= too_many, old))
        return connection.execute(dead.values(status="dead", error=json.dumps(AWAY))).rowcount


def _shrink(connection: sa.Connection) -> None:
    """Cut free pages off the file. A call of the driver frees one page, however many it is asked for."""
    cursor = connection.connection.cursor()
    for _ in range(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()):
        cursor.execute("PRAGMA incremental_vacuum(1)")
    cursor.close()
