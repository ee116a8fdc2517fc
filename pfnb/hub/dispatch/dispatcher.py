"""Hands deliveries to the workers that serve their listeners, and stores how they ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import AccessDeniedError, StoreBusyError
from pfnb.hub.brokers.broker import Broker
from pfnb.hub.clock import steady
from pfnb.hub.dispatch.feed import Feed, Worker
from pfnb.hub.dispatch.outcomes import Outcomes
from pfnb.hub.dispatch.waiting import Waiting
from pfnb.hub.dispatch.window import Held
from pfnb.hub.records.delivery import Delivery, DeliveryStatus, End, Listener, Outcome
from pfnb.hub.records.event import Event
from pfnb.hub.stores.store import Store

log = logging.getLogger("pfnb.hub")


@dataclass(frozen=True, slots=True)
class _Reported:
    """An end that is being stored. `not_before` is when the delivery is tried again, None for never."""

    end: End
    feed: Feed
    held: Held
    status: DeliveryStatus
    not_before: int | None


class Dispatcher:
    """`changed` is called with an event's seq whenever one of its deliveries is handed out or changes otherwise."""

    def __init__(self, store: Store, broker: Broker, outcomes: Outcomes, changed: Callable[[int], None]) -> None:
        self._store = store
        self._broker = broker
        self._outcomes = outcomes
        self._changed = changed
        self._feeds: dict[str, Feed] = {}
        self._attaching = asyncio.Lock()

    async def close(self) -> None:
        async with self._attaching:
            for feed in list(self._feeds.values()):
                await self._stop(feed)

    async def publish(self, event: Event, deliveries: Sequence[Delivery], body: bytes | None) -> None:
        """Wake the workers for an event's deliveries; `body` is the event's body if it is in memory."""
        for delivery in deliveries:
            if (feed := self._feeds.get(delivery.listener)) is not None:
                feed.backlog.expect(Waiting(delivery, event, body))
            await self._broker.publish(delivery.listener, delivery.id)

    def workers(self, listener: str) -> int:
        """How many workers serve this listener now."""
        feed = self._feeds.get(listener)
        return len(feed.workers) if feed is not None else 0

    def last_minute(self, listener: str) -> int:
        """How many deliveries were handed to its workers in the last minute."""
        feed = self._feeds.get(listener)
        return feed.rate.last_minute() if feed is not None else 0

    def trouble(self, listener: str) -> str | None:
        """Why nothing can be handed to its workers now; None if all is well."""
        feed = self._feeds.get(listener)
        return feed.supervision.trouble if feed is not None else None

    def running_for(self, delivery: Delivery) -> float | None:
        """Seconds since its run began, None if no worker runs it."""
        feed = self._feeds.get(delivery.listener)
        held = feed.held.get(delivery.id) if feed is not None else None
        return time.monotonic() - held.began if held is not None and held.begun else None

    def running_of(self, owner: str) -> list[Waiting]:
        """This owner's deliveries that workers run."""
        mine = [feed for feed in self._feeds.values() if feed.listener.owner == owner]
        return [one for feed in mine for held in feed.holding() if held.begun for one in held.waiting.each]

    def running(self) -> frozenset[int]:
        return frozenset(delivery for feed in self._feeds.values() for delivery in feed.running)

    def event_of(self, delivery: int, worker: Worker) -> Event | None:
        """The event of a delivery, if this worker has it now. Of a batch, the event with the longest way behind it."""
        held = next((feed.held[delivery] for feed in self._feeds.values() if delivery in feed.held), None)
        if held is None or held.worker is not worker:
            return None
        return max((one.event for one in held.waiting.each), key=lambda event: len(event.causation))

    def held_by(self, worker: Worker, *, ahead: bool = False) -> dict[int, str]:
        """The deliveries that this worker runs, each with its listener's name; optionally also those it has `ahead`. Of a batch,
        the first."""
        return {
            held.waiting.delivery.id: feed.listener.name
            for feed in self._feeds.values()
            for held in feed.holding()
            if held.worker is worker and (ahead or held.begun)
        }

    async def attach(self, listener: Listener, worker: Worker, *, replace: bool) -> None:
        """This worker serves the listener from now on: together with the others if they share it, else instead of them. What
        those were running is then pending again."""
        async with self._attaching:
            feed = self._feeds.get(listener.name)
            if feed is not None and (replace or not listener.is_shared_with(feed.listener)):
                await self._replace(feed, worker)
                feed = None
            if feed is None:
                feed = await self._begin(listener)
            for other in feed.workers:
                # It registers again, or came back before its broken connection was noticed.
                if other.session == worker.session:
                    await self._part(feed, other)
            feed.join(worker, listener.concurrency)

    async def _begin(self, listener: Listener) -> Feed:
        feed = self._feeds[listener.name] = Feed(listener, self._store, self._changed, self._superseded)
        await self._broker.subscribe(listener.name, feed.backlog.announced)
        return feed

    async def _replace(self, feed: Feed, worker: Worker) -> None:
        others = [other for other in feed.workers if other is not worker]
        await self._stop(feed)
        for other in others:
            other.revoke(feed.listener.name)

    async def detach(self, worker: Worker) -> None:
        """The worker has gone: what it was running is pending again."""
        async with self._attaching:
            for feed in list(self._feeds.values()):
                if feed.workers == [worker]:
                    await self._stop(feed)
                elif worker in feed.workers:
                    await self._part(feed, worker)

    async def forget(self, listener: str) -> None:
        """The listener was deleted, and its deliveries with it: its workers can stop."""
        async with self._attaching:
            feed = self._feeds.get(listener)
            if feed is not None:
                workers = feed.workers
                await self._stop(feed)
                for worker in workers:
                    worker.revoke(listener)

    async def _stop(self, feed: Feed) -> None:
        del self._feeds[feed.listener.name]
        await self._broker.unsubscribe(feed.listener.name)
        for worker in feed.workers:
            await self._part(feed, worker)

    async def _part(self, feed: Feed, worker: Worker) -> None:
        cut_off = await feed.leave(worker)
        if cut_off:
            try:
                await self._store.deliveries.count_attempts(cut_off)
            except StoreBusyError as error:
                # The backlog has counted them. Its other workers must go, too, even if the disk fails.
                log.warning("attempts of %s could not be stored: %s", feed.listener.name, error)

    def serves(self, worker: Worker, owner: str) -> bool:
        """Whether this worker serves any listener of this owner."""
        return any(feed.listener.owner == owner and worker in feed.workers for feed in self._feeds.values())

    async def finish(self, delivery: int, lease: str, outcome: Outcome, *, skipped: bool = False) -> None:
        """Store how a run ended. AccessDeniedError when the delivery was meanwhile handed to another worker."""
        (error,) = await self.finish_all([End(delivery, lease, outcome, skipped)])
        if error is not None:
            raise error

    async def finish_all(self, ends: Sequence[End]) -> list[BaseException | None]:
        """Store how runs ended, in one commit if possible. Returns for each end the error because of which it is not stored:
        AccessDeniedError when the delivery was meanwhile handed to another worker."""
        reported = [self._report(end) for end in ends]
        claimed = [one for one in reported if not isinstance(one, AccessDeniedError)]
        try:
            stored = await asyncio.gather(*map(self._stored, claimed), return_exceptions=True)
        except BaseException:
            for one in claimed:
                one.feed.unreport(one.held)
            raise
        refused = iter(stored)
        return [one if isinstance(one, AccessDeniedError) else self._end(one, next(refused)) for one in reported]

    def _report(self, end: End) -> _Reported | AccessDeniedError:
        feed = next((feed for feed in self._feeds.values() if end.delivery in feed.held), None)
        if feed is None:
            return AccessDeniedError(f"delivery {end.delivery} is no longer yours: it was delivered again")
        try:
            held = feed.report(end.delivery, end.lease)
        except AccessDeniedError as error:
            return error
        attempts = 1 + min(one.delivery.attempts for one in held.waiting.each)
        status, not_before = feed.listener.end_of(end.outcome, attempts, steady())
        if not_before is None:
            feed.let_go(held)  # the next one may start while this one is committed
        return _Reported(end, feed, held, status, not_before)

    def _stored(self, one: _Reported) -> Awaitable[None]:
        outcome = one.end.outcome
        try:
            return self._store.deliveries.finish(
                one.held.waiting.delivery.id,
                one.status,
                outcome.error,
                outcome.steps,
                one.not_before or 0,
                [other.delivery.id for other in one.held.waiting.more],
            )
        except Exception as error:  # of this end alone: the others are stored
            refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return refused

    def _end(self, one: _Reported, error: BaseException | None) -> BaseException | None:
        feed, held = one.feed, one.held
        if error is not None:
            feed.unreport(held)
            return error
        feed.end(held, one.not_before)
        outcome = None if one.end.skipped else one.end.outcome
        for each in held.waiting.each:
            if one.not_before is None:
                self._outcomes.settle(each.event.id, feed.listener.name, outcome)
            self._changed(each.event.seq)
        return None

    def _superseded(self, waiting: Waiting) -> None:
        self._outcomes.settle(waiting.event.id, waiting.delivery.listener, None)
        self._changed(waiting.event.seq)

    async def discard(self, delivery: Delivery, event: Event, error: dict[str, Any]) -> bool:
        """End a delivery as dead with this error, wherever it is; a worker's run of it is cut off. False if it has succeeded or
        is dead already."""
        feed = self._feeds.get(delivery.listener)
        held = await feed.claim(delivery.id) if feed is not None else None
        try:
            begun = held is not None and held.begun
            if begun:  # which counts as an attempt; one ahead of its turn has had none
                await self._store.deliveries.finish(delivery.id, "dead", error, ())
            done = begun or await self._store.deliveries.give_up([delivery.id], error, failed=True) > 0
        except BaseException:
            if feed is not None and held is not None:
                feed.release(held)
            raise
        feed = feed or self._feeds.get(delivery.listener)
        if feed is not None:
            held = held or await feed.claim(delivery.id)
            feed.backlog.drop(delivery.id)
            if held is not None:
                others = [one.delivery.id for one in held.waiting.each if one.delivery.id != delivery.id]
                held.worker.discard(held.waiting.delivery, error)  # before the others come again
                feed.discard(held, delivery.id)
                if others and held.begun:
                    await self._store.deliveries.count_attempts(others)
        if done:
            self._outcomes.settle(event.id, delivery.listener, None)
            self._changed(event.seq)
        return done
