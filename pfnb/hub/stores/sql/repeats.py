"""Finds the event that a request repeats or contradicts, in the transaction that would store it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from pfnb.hub.records.delivery import Delivery
from pfnb.hub.records.event import Event
from pfnb.hub.stores.sql.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Place:
    """The tables in which events and their deliveries are looked up."""

    events: str
    deliveries: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """`seq` and `id` of the same event, or else the `conflict`: the id of an event that shares only the delivery id."""

    seq: int = 0
    id: str | None = None
    conflict: str | None = None


@dataclass(slots=True)
class Group:
    """Events of one transaction that are not yet in the tables, by their keys."""

    same: dict[str, Earlier] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, event: Event, seq: int) -> None:
        if event.repeat_key is not None and event.delivery_key is not None:
            self.same[event.repeat_key] = Earlier(seq, event.id)
            self.first.setdefault(event.delivery_key, event.id)


def earlier(transaction: Transaction, event: Event, since: int, group: Group, place: Place) -> Earlier:
    """What was received under this event's delivery id after the time `since`."""
    if event.repeat_key is None or event.delivery_key is None:
        return Earlier()
    if event.repeat_key in group.same:
        return group.same[event.repeat_key]
    parameters = (event.repeat_key, since, event.delivery_key, since)
    found = transaction.run(_earlier_statement(place.events), parameters).fetchone()
    if found is None:
        return Earlier(conflict=group.first.get(event.delivery_key))
    event_id, seq, same = found
    return Earlier(seq, event_id) if same else Earlier(conflict=event_id)


def failed_again(
    transaction: Transaction, first: Earlier, listeners: Collection[str], place: Place
) -> tuple[Delivery, ...]:
    """An event's failed or dead deliveries at these listeners, made pending."""
    every = f"SELECT listener, id, status FROM {place.deliveries} WHERE event_seq = ? ORDER BY id"  # noqa: S608
    newest = {
        listener: (number, status) for listener, number, status in transaction.run(every, (first.seq,)).fetchall()
    }
    failed = {name: number for name, (number, status) in newest.items() if status in ("failed", "dead")}
    again = tuple(Delivery(number, first.id or "", name) for name, number in failed.items() if name in listeners)
    pending = (
        f"UPDATE {place.deliveries} SET status = 'pending', attempts = 0, error = NULL, not_before = 0 WHERE id = ?"  # noqa: S608
    )
    for delivery in again:
        transaction.run(pending, (delivery.id,))
    return again


def _earlier_statement(events: str) -> str:
    """At most two rows, each the first of an index: the number of requests under one delivery id does not matter."""
    return (
        f"SELECT * FROM (SELECT id, seq, 1 AS same FROM {events}"  # noqa: S608  # our own names
        " WHERE repeat_key = ? AND created > ? ORDER BY seq DESC LIMIT 1) AS repeated"
        f" UNION ALL SELECT * FROM (SELECT id, seq, 0 AS same FROM {events}"
        " WHERE substr(repeat_key, 1, 32) = ? AND repeat_key IS NOT NULL AND created > ? ORDER BY created LIMIT 1) AS other"
    )
