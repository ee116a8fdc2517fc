"""Hands deliveries to the workers that serve their listeners, and stores how they ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pfnb.exceptions import AccessDeniedError
from pfnb.hub.brokers.broker import Broker
from pfnb.hub.delivery import Delivery, Listener, Outcome
from pfnb.hub.event import Event
from pfnb.hub.feed import Feed, Waiting, Worker
from pfnb.hub.outcomes import Outcomes
from pfnb.hub.stores.store import Store


class Dispatcher:
    """`changed` is called with the order of an event whenever one of its deliveries was handed out, or has ended."""

    def __init__(self, store: Store, broker: Broker, outcomes: Outcomes, changed: Callable[[int], None]) -> None:
        self._store = store
        self._broker = broker
        self._outcomes = outcomes
        self._changed = changed
        self._feeds: dict[str, Feed] = {}
        self._fresh: dict[int, Waiting] = {}
        self._attaching = asyncio.Lock()

    async def close(self) -> None:
        for name in list(self._feeds):
            await self._stop(name)

    async def publish(self, event: Event, deliveries: Sequence[Delivery], body: bytes | None) -> None:
        """Wake the workers of an event's deliveries; `body` is the event's, where it is in memory."""
        for delivery in deliveries:
            self._fresh[delivery.id] = Waiting(delivery, event, body)
            try:
                await self._broker.publish(delivery.listener, delivery.id)
            finally:
                self._fresh.pop(delivery.id, None)

    def connected(self, listener: str) -> bool:
        return listener in self._feeds

    def is_running(self, delivery: Delivery) -> bool:
        feed = self._feeds.get(delivery.listener)
        return feed is not None and delivery.id in feed.running

    def running(self) -> frozenset[int]:
        return frozenset(delivery for feed in self._feeds.values() for delivery in feed.running)

    async def attach(self, listener: Listener, worker: Worker) -> None:
        """This worker serves the listener from now on. What another one had running is pending again."""
        async with self._attaching:
            served_by = self._feeds[listener.name].worker if listener.name in self._feeds else None
            await self._stop(listener.name)
            if served_by is not None and served_by is not worker:
                await served_by.revoke(listener.name)
            feed = self._feeds[listener.name] = Feed(listener, worker, self._store, self._changed)
            await self._broker.subscribe(
                listener.name, lambda delivery: feed.offer(delivery, self._fresh.get(delivery))
            )
            feed.start()

    async def detach(self, worker: Worker) -> None:
        """The worker has gone: what it had running is pending again."""
        async with self._attaching:
            for name, feed in list(self._feeds.items()):
                if feed.worker is worker:
                    await self._stop(name)

    async def forget(self, listener: str) -> None:
        """The listener was deleted, and its deliveries with it: its worker need not go on."""
        async with self._attaching:
            feed = self._feeds.get(listener)
            await self._stop(listener)
            if feed is not None:
                await feed.worker.revoke(listener)

    async def _stop(self, listener: str) -> None:
        feed = self._feeds.pop(listener, None)
        if feed is None:
            return
        await self._broker.unsubscribe(listener)
        cut_off = await feed.stop()
        if cut_off:
            await self._store.count_attempts(cut_off)

    async def finish(self, delivery: int, lease: str, outcome: Outcome, *, skipped: bool = False) -> None:
        """Store how a run ended. AccessDeniedError when the delivery was handed to somebody else meanwhile."""
        feed = next((feed for feed in self._feeds.values() if delivery in feed.running), None)
        if feed is None or feed.running[delivery].lease != lease:
            raise AccessDeniedError(f"delivery {delivery} is no longer yours: it was handed out again")
        job = feed.running.pop(delivery)
        try:
            await self._store.finish_delivery(
                delivery, "succeeded" if outcome.succeeded else "failed", outcome.error, outcome.steps
            )
        except BaseException:
            feed.running[delivery] = job
            raise
        feed.end(delivery)
        self._outcomes.settle(job.event.id, job.delivery.listener, None if skipped else outcome)
        self._changed(job.event.seq)
