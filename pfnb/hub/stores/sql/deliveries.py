"""Deliveries in the database."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pfnb.exceptions import NotFoundError
from pfnb.hub.records.delivery import Delivery, DeliveryStatus
from pfnb.hub.records.event import Event
from pfnb.hub.stores.sql import rows
from pfnb.hub.stores.sql.database import Database
from pfnb.hub.stores.sql.schema import PENDING, TRIED_AGAIN, deliveries, events
from pfnb.hub.stores.sql.transaction import Change, Transaction
from pfnb.hub.stores.store import AWAY
from pfnb.language.extent import contains_itself

_COLUMNS = (
    deliveries.c.id.label("number"),
    deliveries.c.listener,
    deliveries.c.status,
    deliveries.c.attempts,
    deliveries.c.error,
    deliveries.c.not_before,
    deliveries.c.alone,
    events.c.id.label("event_id"),
)
_WITH_EVENT = sa.select(*_COLUMNS, *rows.EVENT_COLUMNS).join_from(deliveries, events)
_FINISH = (
    "UPDATE deliveries SET status = ?, attempts = attempts + 1, error = ?, steps = ?, not_before = ?"
    " WHERE id = ? AND status = 'pending'"
)


class SqlDeliveries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, event_id: str, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        added: tuple[Delivery, ...] = await self._database.write(AddDeliveries(event_id, listeners))
        return added

    async def count_attempts(self, deliveries: Collection[int]) -> None:
        await self._database.write(_count_attempts(deliveries))

    def finish(
        self,
        delivery: int,
        status: DeliveryStatus,
        error: dict[str, Any] | None,
        steps: Sequence[dict[str, Any]],
        not_before: int = 0,
        others: Sequence[int] = (),
    ) -> Awaitable[None]:
        try:
            reason, trace = json.dumps(error) if error else None, json.dumps(list(steps)) if steps else None
        except RecursionError:
            raise contains_itself() from None
        return self._database.write(
            FinishDelivery(
                (
                    (status, reason, trace, not_before, delivery),
                    *((status, reason, None, not_before, other) for other in others),
                )
            )
        )

    async def give_up(
        self,
        deliveries: Sequence[int],
        error: Mapping[str, Any] = AWAY,
        *,
        failed: bool = False,
        status: DeliveryStatus = "dead",
    ) -> int:
        statuses: tuple[DeliveryStatus, ...] = ("pending", "failed") if failed else ("pending",)
        given_up: int = await self._database.write(GiveUp(deliveries, error, statuses, status))
        return given_up

    async def get(self, delivery: int) -> tuple[Delivery, Event]:
        found = await self._found(_WITH_EVENT.where(deliveries.c.id == delivery))
        if not found:
            raise NotFoundError(f"there is no delivery {delivery}")
        return found[0]

    async def of_events(self, event_ids: Sequence[str]) -> dict[str, list[Delivery]]:
        query = sa.select(*_COLUMNS).join_from(deliveries, events).where(events.c.id.in_(event_ids))
        found: dict[str, list[Delivery]] = {event_id: [] for event_id in event_ids}
        by_id = query.order_by(deliveries.c.id)
        for delivery in await self._database.read(lambda c: [rows.to_delivery(row) for row in c.execute(by_id)]):
            found[delivery.event_id].append(delivery)
        return found

    async def steps(self, delivery: int) -> list[dict[str, Any]]:
        query = sa.select(deliveries.c.steps).where(deliveries.c.id == delivery)
        steps = await self._database.read(lambda connection: connection.scalar(query))
        return json.loads(steps) if steps else []

    async def pending(self, listener: str, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        query = _WITH_EVENT.where(deliveries.c.listener == listener, PENDING, deliveries.c.id > after)
        return await self._found(query.order_by(deliveries.c.id).limit(limit))

    async def pending_counts(self) -> dict[str, int]:
        listener = deliveries.c.listener
        query = sa.select(listener, sa.func.count()).where(PENDING).group_by(listener)
        return await self._database.read(lambda connection: {row[0]: row[1] for row in connection.execute(query)})

    async def retries(self, listener: str, limit: int) -> list[tuple[Delivery, Event]]:
        query = _WITH_EVENT.where(deliveries.c.listener == listener, TRIED_AGAIN)
        return await self._found(query.order_by(deliveries.c.not_before).limit(limit))

    async def runs(self, listener: str, owner: str, before: int | None, limit: int) -> list[tuple[Delivery, Event]]:
        query = _WITH_EVENT.where(deliveries.c.listener == listener, events.c.owner == owner)
        if before is not None:
            query = query.where(deliveries.c.id < before)
        return await self._found(query.order_by(deliveries.c.id.desc()).limit(limit))

    async def overdue(self, listener: str, before: int, most: int, limit: int) -> list[int]:
        return await self._database.read(lambda connection: _overdue(connection, listener, before, most, limit))

    async def ended_badly(self, listener: str, since: int, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        mine = _WITH_EVENT.where(deliveries.c.listener == listener, deliveries.c.id > after)
        query = mine.where(deliveries.c.status.in_(("failed", "dead")), events.c.created >= since)
        return await self._found(query.order_by(deliveries.c.id).limit(limit))

    async def unsuccessful(self, owner: str, limit: int) -> list[tuple[Delivery, Event]]:
        return await self._database.read(lambda connection: _unsuccessful(connection, owner, limit))

    async def _found(self, query: sa.Select[Any]) -> list[tuple[Delivery, Event]]:
        return await self._database.read(lambda connection: _found(connection, query))


@dataclass(frozen=True, slots=True)
class AddDeliveries:
    event_id: str
    listeners: Sequence[str]

    def run(self, transaction: Transaction) -> tuple[Delivery, ...]:
        its = sa.select(events.c.seq, events.c.owner).where(events.c.id == self.event_id)
        event = transaction.connection.execute(its).first()
        if event is None:
            raise NotFoundError(f"there is no event {self.event_id}")
        added = tuple(
            Delivery(next(transaction.numbers.delivery), self.event_id, name, alone=True) for name in self.listeners
        )
        made = [{**rows.delivery_row(delivery, event.seq, event.owner), "alone": True} for delivery in added]
        transaction.insert(deliveries.name, made)
        return added


@dataclass(frozen=True, slots=True)
class FinishDelivery:
    """Each row contains the values for _FINISH."""

    rows: tuple[tuple[str, str | None, str | None, int, int], ...]


def finish_all(transaction: Transaction, works: Sequence[FinishDelivery]) -> None:
    if works:
        transaction.run_many(_FINISH, [row for work in works for row in work.rows])


@dataclass(frozen=True, slots=True)
class GiveUp:
    deliveries: Sequence[int]
    error: Mapping[str, Any]
    statuses: tuple[DeliveryStatus, ...]
    status: DeliveryStatus

    def run(self, transaction: Transaction) -> int:
        """Returns how many deliveries were given up."""
        meant = (deliveries.c.id.in_(self.deliveries), deliveries.c.status.in_(self.statuses))
        ended = sa.update(deliveries).where(*meant).values(status=self.status, error=json.dumps(self.error))
        return transaction.connection.execute(ended).rowcount


def _count_attempts(numbers: Collection[int]) -> Change:
    counted = sa.update(deliveries).where(deliveries.c.id.in_(numbers))
    return Change(((counted.values(attempts=deliveries.c.attempts + 1), None),))


def _overdue(connection: sa.Connection, listener: str, before: int, most: int, limit: int) -> list[int]:
    mine = (deliveries.c.listener == listener, deliveries.c.status == "pending")
    newest = sa.select(deliveries.c.id).where(*mine).order_by(deliveries.c.id.desc())
    too_many = connection.scalar(newest.offset(most).limit(1)) or 0
    old = sa.exists().where(events.c.seq == deliveries.c.event_seq, events.c.created < before)
    found = sa.select(deliveries.c.id).where(*mine, sa.or_(deliveries.c.id <= too_many, old))
    return list(connection.scalars(found.order_by(deliveries.c.id).limit(limit)))


def _found(connection: sa.Connection, query: sa.Select[Any]) -> list[tuple[Delivery, Event]]:
    return [(rows.to_delivery(row), rows.to_event(row)) for row in connection.execute(query)]


def _unsuccessful(connection: sa.Connection, owner: str, limit: int) -> list[tuple[Delivery, Event]]:
    found: list[tuple[Delivery, Event]] = []
    # One by one: each of them has an index.
    for wanted in (deliveries.c.status == "failed", deliveries.c.status == "dead", TRIED_AGAIN):
        query = _WITH_EVENT.where(wanted, deliveries.c.owner == owner)
        newest_first = query.order_by(deliveries.c.event_seq.desc(), deliveries.c.id.desc()).limit(limit)
        found += _found(connection, newest_first)
    return sorted(found, key=lambda one: (one[1].seq, one[0].id), reverse=True)[:limit]
