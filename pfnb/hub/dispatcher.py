"""Hands deliveries to the workers that serve their listeners, and stores how they ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pfnb.exceptions import AccessDeniedError
from pfnb.hub.backlog import Waiting
from pfnb.hub.brokers.broker import Broker
from pfnb.hub.clock import now
from pfnb.hub.delivery import Delivery, Listener, Outcome
from pfnb.hub.event import Event
from pfnb.hub.feed import Feed, Worker
from pfnb.hub.outcomes import Outcomes
from pfnb.hub.stores.store import Store


class Dispatcher:
    """`changed` is called with the order of an event whenever one of its deliveries was handed out, or is another than before."""

    def __init__(self, store: Store, broker: Broker, outcomes: Outcomes, changed: Callable[[int], None]) -> None:
        self._store = store
        self._broker = broker
        self._outcomes = outcomes
        self._changed = changed
        self._feeds: dict[str, Feed] = {}
        self._fresh: dict[int, Waiting] = {}
        self._attaching = asyncio.Lock()

    async def close(self) -> None:
        async with self._attaching:
            for feed in list(self._feeds.values()):
                await self._stop(feed)

    async def publish(self, event: Event, deliveries: Sequence[Delivery], body: bytes | None) -> None:
        """Wake the workers of an event's deliveries; `body` is the event's, where it is in memory."""
        for delivery in deliveries:
            self._fresh[delivery.id] = Waiting(delivery, event, body)
            try:
                await self._broker.publish(delivery.listener, delivery.id)
            finally:
                self._fresh.pop(delivery.id, None)

    def workers(self, listener: str) -> int:
        """How many workers serve it now."""
        feed = self._feeds.get(listener)
        return len(feed.workers) if feed is not None else 0

    def is_running(self, delivery: Delivery) -> bool:
        feed = self._feeds.get(delivery.listener)
        return feed is not None and delivery.id in feed.running

    def running(self) -> frozenset[int]:
        return frozenset(delivery for feed in self._feeds.values() for delivery in feed.running)

    async def attach(self, listener: Listener, worker: Worker, *, replace: bool) -> None:
        """This worker serves the listener from now on: beside others where they share it, else in their place. What those had
        running is pending again then."""
        async with self._attaching:
            feed = self._feeds.get(listener.name)
            if feed is not None and (replace or not listener.is_shared_with(feed.listener)):
                await self._replace(feed, worker)
                feed = None
            if feed is None:
                feed = await self._begin(listener)
            for other in feed.workers:
                # It registers again, or came back before its broken end was noticed.
                if other.session == worker.session:
                    await self._part(feed, other)
            feed.join(worker, listener.concurrency)

    async def _begin(self, listener: Listener) -> Feed:
        feed = self._feeds[listener.name] = Feed(listener, self._store, self._changed)
        await self._broker.subscribe(
            listener.name, lambda delivery: feed.backlog.offer(delivery, self._fresh.get(delivery))
        )
        return feed

    async def _replace(self, feed: Feed, worker: Worker) -> None:
        others = [other for other in feed.workers if other is not worker]
        await self._stop(feed)
        for other in others:
            other.revoke(feed.listener.name)

    async def detach(self, worker: Worker) -> None:
        """The worker has gone: what it had running is pending again."""
        async with self._attaching:
            for feed in list(self._feeds.values()):
                if feed.workers == [worker]:
                    await self._stop(feed)
                elif worker in feed.workers:
                    await self._part(feed, worker)

    async def forget(self, listener: str) -> None:
        """The listener was deleted, and its deliveries with it: its workers need not go on."""
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
            await self._store.count_attempts(cut_off)

    async def finish(self, delivery: int, lease: str, outcome: Outcome, *, skipped: bool = False) -> None:
        """Store how a run ended. AccessDeniedError when the delivery was handed to somebody else meanwhile."""
        feed = next((feed for feed in self._feeds.values() if delivery in feed.running), None)
        if feed is None:
            raise AccessDeniedError(f"delivery {delivery} is no longer yours: it was handed out again")
        held = feed.report(delivery, lease)
        status, not_before = feed.listener.end_of(outcome, held.waiting.delivery.attempts + 1, now())
        if not_before is None:
            held.ended.set()  # the next one may go while this end is committed
        try:
            await self._store.finish_delivery(delivery, status, outcome.error, outcome.steps, not_before or 0)
        except BaseException:
            feed.unreport(held)
            raise
        feed.end(held, not_before)
        if not_before is None:
            self._outcomes.settle(held.waiting.event.id, feed.listener.name, None if skipped else outcome)
        self._changed(held.waiting.event.seq)
