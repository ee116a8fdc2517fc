"""What one commit writes: the works that were queued for the writer, each of them a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from pfnb.hub.stores.changes import AddEvent
from pfnb.hub.stores.sql.additions import CountUnknown, add_alike
from pfnb.hub.stores.sql.decoys import MakeTables, Slots
from pfnb.hub.stores.sql.deliveries import AddDeliveries, FinishDelivery, GiveUp, finish_all
from pfnb.hub.stores.sql.properties import ChangeProperties
from pfnb.hub.stores.sql.removals import RemoveEvents
from pfnb.hub.stores.sql.transaction import Change, Transaction
from pfnb.hub.stores.store import Stored

Work = (
    AddEvent
    | AddDeliveries
    | FinishDelivery
    | ChangeProperties
    | RemoveEvents
    | GiveUp
    | CountUnknown
    | MakeTables
    | Change
)


def run_group(slots: Slots, transaction: Transaction, works: list[Work]) -> list[Any]:
    """Events and counts of a group are written together, then the rest in order. Nobody changes a delivery of an uncommitted
    event, so this order is safe."""
    adds = [work for work in works if isinstance(work, AddEvent)]
    counts = [work for work in works if isinstance(work, CountUnknown)]
    places = iter(add_alike(transaction, adds, counts, slots))
    return [result for _, same in groupby(works, type) for result in _run_alike(transaction, list(same), places)]


def _run_alike(transaction: Transaction, works: Sequence[Work], places: Iterator[Stored]) -> Iterator[Any]:
    """The results of consecutive works of one kind."""
    finish_all(transaction, [work for work in works if isinstance(work, FinishDelivery)])
    for work in works:
        if isinstance(work, AddEvent):
            yield next(places)
        elif isinstance(work, CountUnknown | FinishDelivery):
            yield None
        else:
            yield work.run(transaction)
