"""What was sent to endpoints: the log, and sending it once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from pfnb.exceptions import ParameterError
from pfnb.hub.outgoing.sender import attempt_of
from pfnb.hub.past.history import History
from pfnb.hub.records.delivery import Delivery
from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.records.event import Event
from pfnb.hub.stores.store import Store
from pfnb.rows.endpoint import SentRow

PAGE = 100

Again = Callable[[Event, Sequence[str]], Awaitable[tuple[Delivery, ...]]]
"""Delivers an event once more to the listeners of these names."""


class Sent:
    def __init__(self, store: Store, history: History, again: Again) -> None:
        self._store = store
        self._history = history
        self._again = again

    async def rows(self, endpoint: Endpoint, before: int | None, limit: int) -> list[SentRow]:
        """What was sent, newest first, below the delivery `before`."""
        found = await self._store.deliveries.runs(endpoint.name, endpoint.owner, before, limit)
        return [await self._row(endpoint, delivery, event) for delivery, event in found]

    async def _row(self, endpoint: Endpoint, delivery: Delivery, event: Event) -> SentRow:
        steps = await self._store.deliveries.steps(delivery.id) if delivery.attempts else []
        return {
            "id": str(delivery.id),
            "messageId": endpoint.message_id(event.id),
            "eventId": event.id,
            "eventKey": event.event_key,
            "created": event.created,
            "status": self._history.run_row(delivery, event)["status"],
            "nextAttempt": (delivery.not_before or None) if delivery.status == "pending" else None,
            "attempts": [attempt_of(step) for step in steps],
        }

    async def again(self, endpoint: Endpoint, event_id: str) -> int:
        """Send an event once more, whether or not its key matches. NotFoundError if there is none."""
        _check(endpoint)
        await self._again(await self._history.event(event_id, endpoint.owner), [endpoint.name])
        return 1

    async def recover(self, endpoint: Endpoint, since: int) -> int:
        """Send all events since that time which failed for good. Returns their number. If this is interrupted and repeated, none
        is sent twice."""
        _check(endpoint)
        replayed, after = 0, 0
        while page := await self._store.deliveries.ended_badly(endpoint.name, since, after, PAGE):
            every = await self._store.deliveries.of_events([event.id for _, event in page])
            for delivery, event in page:
                # Replayed already, maybe by this very loop, if there is a newer delivery.
                newest = max(one.id for one in every[event.id] if one.listener == endpoint.name)
                if delivery.id == newest:
                    await self._again(event, [endpoint.name])
                    replayed += 1
            after = page[-1][0].id
        return replayed


def _check(endpoint: Endpoint) -> None:
    if not endpoint.active:
        raise ParameterError("this endpoint is switched off: switch it on with `webhook.endpoint.put`, by active=true")
