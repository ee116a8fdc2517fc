"""Deliveries that wait for their turn, and those that were just committed and not announced yet."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from pfnb.hub.records.delivery import Delivery
from pfnb.hub.records.event import Event

MOST_FRESH = 200
FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery waiting for its turn, `since` then, in milliseconds of the steady clock. `body` saves reading a small one back
    from the store. With `debounce`, those of another `key` wait apart. `more` are the others of a batch, which are handed out
    and end with it."""

    delivery: Delivery
    event: Event
    body: bytes | None = None
    since: int = 0
    key: str = ""
    more: tuple[Waiting, ...] = ()

    @property
    def each(self) -> tuple[Waiting, ...]:
        """It alone, or each of the batch."""
        return (replace(self, more=()), *self.more) if self.more else (self,)

    def without(self, delivery: int) -> Waiting | None:
        """What is left of it without this delivery."""
        left = [one for one in self.each if one.delivery.id != delivery]
        return replace(left[0], more=tuple(left[1:])) if left else None

    @property
    def size(self) -> int:
        """Bytes of its body, or of all bodies of the batch."""
        return self.event.size + sum(one.event.size for one in self.more)

    def after_attempt(self, not_before: int = 0) -> Waiting:
        """The same with one more attempt."""
        delivery = replace(self.delivery, attempts=self.delivery.attempts + 1, not_before=not_before)
        return replace(self, delivery=delivery, more=tuple(one.after_attempt(not_before) for one in self.more))


class Fresh:
    """One listener's deliveries that were just committed, so that those that the broker announces soon need not be read from the
    store. An announcement may come late, or to another process: then it is read from there."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[float, Waiting]] = {}

    def keep(self, waiting: Waiting) -> None:
        self._kept[waiting.delivery.id] = time.monotonic(), waiting
        if len(self._kept) > MOST_FRESH:
            del self._kept[next(iter(self._kept))]

    def take(self, delivery: int) -> Waiting | None:
        since, waiting = self._kept.pop(delivery, (0.0, None))
        return waiting if time.monotonic() - since < FRESH_SECONDS else None

    def clear(self) -> None:
        self._kept.clear()
