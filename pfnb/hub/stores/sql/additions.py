"""Adds events, and makes every request write alike, whether there is an event to add or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pfnb.hub.records.delivery import Delivery
from pfnb.hub.records.event import Event
from pfnb.hub.stores.changes import AddEvent
from pfnb.hub.stores.sql import counters, decoys, rows, schema
from pfnb.hub.stores.sql.decoys import Slots
from pfnb.hub.stores.sql.repeats import Earlier, Group, Place, earlier, failed_again
from pfnb.hub.stores.sql.transaction import Transaction
from pfnb.hub.stores.store import REPEAT_MILLISECONDS, Stored

PLACE = Place(schema.events.name, schema.deliveries.name)
_NOBODY = ""
"""The owner of all deliveries to nobody: with another one, a row would move in its index, and one page more be written."""
_COUNT = "UPDATE counters SET value = value + ? WHERE name = ?"
_COUNT_RECEIVED = "UPDATE webhooks SET received = received + ?, last_received = ? WHERE uuid = ?"


@dataclass(frozen=True, slots=True)
class CountUnknown:
    decoy: AddEvent | None = None


def add_alike(transaction: Transaction, adds: list[AddEvent], counts: list[CountUnknown], slots: Slots) -> list[Stored]:
    """Add the events and count the requests that have none. For each of both as much is looked up and written."""
    stored = add_events(transaction, adds)
    repeated = [_hidden(add) for add, one in zip(adds, stored, strict=True) if one.repeats is not None]
    hidden = repeated + [_looked_up(transaction, count.decoy) for count in counts if count.decoy is not None]
    _pad(transaction, hidden, [add for add, one in zip(adds, stored, strict=True) if one.repeats is None], slots)
    if counts or hidden:
        transaction.run(_COUNT, (len(counts), counters.UNKNOWN_WEBHOOK))
    return stored


def add_events(transaction: Transaction, adds: list[AddEvent]) -> list[Stored]:
    events: list[dict[str, Any]] = []
    deliveries: list[dict[str, Any]] = []
    stored: list[Stored] = []
    received: dict[str, tuple[int, int]] = {}
    group = Group()
    for add in adds:
        first = _earlier(transaction, add.event, group, PLACE)
        if first.id is not None:
            stored.append(Stored(first.seq, failed_again(transaction, first, add.listeners, PLACE), first.id))
            continue
        event, seq = add.event, next(transaction.numbers.event)
        group.add(event, seq)
        event = replace(event, conflict=first.conflict) if first.conflict is not None else event
        events.append(rows.event_row(event, add.body, seq))
        mine = tuple(Delivery(next(transaction.numbers.delivery), event.id, name) for name in add.listeners)
        deliveries.extend(rows.delivery_row(delivery, seq, event.owner) for delivery in mine)
        stored.append(Stored(seq, mine))
        if event.webhook:
            count, last = received.get(event.webhook, (0, 0))
            received[event.webhook] = (count + 1, max(last, event.created))
    transaction.insert(PLACE.events, events)
    transaction.insert(PLACE.deliveries, deliveries)
    if received:
        counts = [(count, last, uuid) for uuid, (count, last) in received.items()]
        transaction.run_many(_COUNT_RECEIVED, counts)
    return stored


def _looked_up(transaction: Transaction, decoy: AddEvent) -> AddEvent:
    """The decoy, after the same lookups as for an event."""
    first = _earlier(transaction, decoy.event, Group(), decoys.PLACE)
    if first.id is None:
        return decoy
    failed_again(transaction, first, (), decoys.PLACE)
    return _hidden(decoy)


def _earlier(transaction: Transaction, event: Event, group: Group, place: Place) -> Earlier:
    return earlier(transaction, event, event.created - REPEAT_MILLISECONDS, group, place)


def _hidden(add: AddEvent) -> AddEvent:
    """The decoy of a repetition: it has no deliveries, and need not be found again."""
    return replace(decoys.without_keys(add), listeners=(), padding=(*add.listeners, *add.padding))


def _pad(transaction: Transaction, hidden: list[AddEvent], added: list[AddEvent], slots: Slots) -> None:
    """Write what makes all requests alike: a decoy for each one without an event, and deliveries to nobody."""
    transaction.insert(decoys.PLACE.events, [slots.event_row(add) for add in hidden], again=True)
    padded: list[dict[str, Any]] = []
    spare: list[dict[str, Any]] = []
    for add in hidden + added:
        if add.padding:
            mine = [rows.delivery_row(*one, _NOBODY) for one in slots.deliveries(add.padding, len(add.listeners))]
            spare += mine[:1] if not add.listeners else ()
            padded += mine[1:] if not add.listeners else mine
    transaction.insert(decoys.PLACE.deliveries, padded, again=True)
    transaction.insert(decoys.SPARE, spare, again=True)
