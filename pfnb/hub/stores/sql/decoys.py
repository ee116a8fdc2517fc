"""Decoys: rows written for a request that stores no event, so that it takes as long as one that does.

They go to two tables built like those of events and deliveries, with the same indices. Only the lookup of repetitions reads
them. They contain nothing of the request, and each replaces an older one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from pfnb.hub.records.delivery import Delivery
from pfnb.hub.stores.changes import AddEvent
from pfnb.hub.stores.sql import rows, schema
from pfnb.hub.stores.sql.repeats import Place
from pfnb.hub.stores.sql.transaction import Transaction
from pfnb.hub.stores.store import MOST_DECOYS

KEPT = 256
PLACE = Place("decoys", "decoy_deliveries")
SPARE = "spare_deliveries"
"""If an event has no deliveries, its first decoy delivery goes here: two tables are written for every event."""


@dataclass(frozen=True, slots=True)
class MakeTables:
    """Empty decoy tables, built like those of events and deliveries."""

    def run(self, transaction: Transaction) -> None:
        connection = transaction.connection
        for table, name in (
            (schema.events, PLACE.events),
            (schema.deliveries, PLACE.deliveries),
            (schema.deliveries, SPARE),
        ):
            copy = table.to_metadata(sa.MetaData(), name=name)
            connection.execute(DropTable(copy, if_exists=True))
            connection.execute(CreateTable(copy, include_foreign_key_constraints=()))
            for index in list(copy.indexes):
                connection.execute(CreateIndex(_renamed(index, table.name)))


def _renamed(index: sa.Index, table: str) -> sa.Index:
    """The index of a copy, whose name is that of the index of this table."""
    copy = index.table
    assert copy is not None, "an index has a table"
    name = str(index.name).replace(table, copy.name, 1)
    if index.name == schema.BY_PENDING.name:
        # Few real ones are pending: a page or two. Decoys sorted by id also fit; sorted by listener, each has its page.
        return sa.Index(name, copy.c.id, copy.c.listener, sqlite_where=schema.PENDING)
    index.name = sa.quoted_name(name, quote=None)
    return index


class Slots:
    """The slots of the next decoys, used in rotation."""

    def __init__(self) -> None:
        self._next = itertools.count()

    def event_row(self, add: AddEvent) -> dict[str, Any]:
        """As long as the event's own row, without any of the request's content."""
        slot = next(self._next) % KEPT
        row = rows.event_row(add.event, add.body, slot)
        name = f"{slot:036}"
        return {
            **row,
            "id": name,
            "webhook": name,
            "trace_id": "-" * len(row["trace_id"]),
            "head": "-" * len(row["head"]),
            "content_type": "-" * len(row["content_type"]),
            "body": bytes(len(row["body"])) if row["body"] is not None else None,
            "body_file": "-" * len(row["body_file"]) if row["body_file"] is not None else None,
        }

    def deliveries(self, listeners: Sequence[str], first: int) -> list[tuple[Delivery, int]]:
        """Deliveries to nobody, each with the seq of an event that does not exist; `first` is the number of real ones before
        them. Each row differs from the one it replaces, or SQLite would not write it."""
        turn, slot = divmod(next(self._next), KEPT)
        padded = zip(range(first, MOST_DECOYS), listeners, strict=False)
        return [
            (Delivery(slot * MOST_DECOYS + number, "", name, attempts=turn), KEPT + slot) for number, name in padded
        ]


def without_keys(add: AddEvent) -> AddEvent:
    """The same without the sender's delivery id: a repetition's decoy need not be found as one."""
    return replace(add, event=replace(add.event, repeat_key=None))
