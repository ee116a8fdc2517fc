"""What is in memory of a listener's pending deliveries, and which of it is handed out next: one after the other, in batches, or
only the newest."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from itertools import takewhile

from pfnb.hub.clock import steady
from pfnb.hub.dispatch.waiting import Waiting
from pfnb.hub.records.delivery import Delivery, Listener
from pfnb.language.gathering import Batch, Debounce

BATCH_BYTES = 4 * 1024 * 1024
"""Bytes of bodies in one batch, unless a single event has more."""
MOST_WINDOWS = 10_000
"""Keys for which `debounce` waits at once. With more, the one that is due first comes early."""
_STALE = 1_000


class Ready:
    """One after the other, in the order in which they are added. `pause` says how many milliseconds the retry of a delivery still
    has to wait."""

    def __init__(self, pause: Callable[[Delivery], int]) -> None:
        self._pause = pause
        self._waiting: deque[Waiting] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def ids(self) -> set[int]:
        return {one.delivery.id for one in self._waiting}

    @property
    def wants_more(self) -> bool:
        """Whether all that is pending should be here before anything is handed out."""
        return not self._waiting

    def add(self, waiting: Iterable[Waiting]) -> None:
        self._waiting.extend(waiting)

    def put_back(self, waiting: Iterable[Waiting]) -> None:
        """These come first again, by id."""
        self._waiting.extendleft(sorted(waiting, key=lambda one: one.delivery.id, reverse=True))

    def drop(self, delivery: int) -> None:
        self._waiting = deque(one for one in self._waiting if one.delivery.id != delivery)

    def next(self) -> Waiting | float:
        """The next one that is due; else the milliseconds until one is."""
        if not self._waiting:
            return math.inf
        pause = self._pause(self._waiting[0].delivery)
        return pause if pause > 0 else self._waiting.popleft()


def ready_of(listener: Listener, pause: Callable[[Delivery], int]) -> Ready:
    """For this listener."""
    if isinstance(listener.gathering, Batch):
        return Batches(pause, listener.gathering)
    return Ready(pause) if listener.gathering is None else Newest(pause, listener.gathering)


class Batches(Ready):
    """Several as one, once there are enough or the first has waited long enough. Those that failed together are tried again
    together, before the others. What was handed out before, or is a replay, comes first, as it is."""

    def __init__(self, pause: Callable[[Delivery], int], batch: Batch) -> None:
        super().__init__(pause)
        self._batch = batch
        self._whole: deque[Waiting] = deque()
        self._failed: deque[Waiting] = deque()

    def __len__(self) -> int:
        return len(self._whole) + len(self._failed) + len(self._waiting)

    @property
    def ids(self) -> set[int]:
        held = (*self._whole, *self._failed, *self._waiting)
        return {each.delivery.id for one in held for each in one.each}

    @property
    def wants_more(self) -> bool:
        return not self._whole and max(len(self._failed), len(self._waiting)) < self._batch.size

    def add(self, waiting: Iterable[Waiting]) -> None:
        for one in waiting:
            queue = self._whole if one.delivery.alone else self._failed if one.delivery.not_before else self._waiting
            queue.append(one)

    def put_back(self, waiting: Iterable[Waiting]) -> None:
        self._whole.extendleft(sorted(waiting, key=lambda one: one.delivery.id, reverse=True))

    def drop(self, delivery: int) -> None:
        for queue in (self._whole, self._failed, self._waiting):
            kept = [left for one in queue if (left := one.without(delivery)) is not None]
            queue.clear()
            queue.extend(kept)

    def next(self) -> Waiting | float:
        for queue in (self._whole, self._failed):
            if queue and (pause := self._pause(queue[0].delivery)) > 0:
                return pause
        if self._whole:
            return self._whole.popleft()
        if self._failed:
            return _as_one(self._failed, self._failed_together())
        if not self._waiting:
            return math.inf
        number, is_full = self._fitting()
        pause = self._waiting[0].since + round(1000 * self._batch.wait) - steady()
        return _as_one(self._waiting, number) if is_full or pause <= 0 else pause

    def _failed_together(self) -> int:
        when = self._failed[0].delivery.not_before
        together = takewhile(lambda one: one.delivery.not_before == when, self._failed)
        return min(self._batch.size, sum(1 for _ in together))

    def _fitting(self) -> tuple[int, bool]:
        """How many fit into one batch, and whether it is full with them."""
        number = size = 0
        for one in self._waiting:
            size += one.event.size
            if number == self._batch.size or (number and size > BATCH_BYTES):
                return number, True
            number += 1
        return number, number == self._batch.size or size >= BATCH_BYTES


@dataclass(frozen=True, slots=True)
class _Window:
    """`first` and `due` are when the first of these came and when the newest is due, in milliseconds of the steady clock."""

    newest: Waiting
    first: int
    due: int


class Newest(Ready):
    """Only the newest, once nothing newer has come for a while; apart for each key. Those before it are `superseded`: whoever
    calls `next` ends them before. A replayed one comes alone."""

    def __init__(self, pause: Callable[[Delivery], int], debounce: Debounce) -> None:
        super().__init__(pause)
        self._debounce = debounce
        self._windows: dict[str, _Window] = {}
        self._queue: list[tuple[int, int, str]] = []
        """Due time, id and key of the newest of each window, and of some that are not the newest any more."""
        self.superseded: dict[str, list[Waiting]] = {}
        """By their keys."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._windows) + sum(map(len, self.superseded.values()))

    @property
    def ids(self) -> set[int]:
        newest = {window.newest.delivery.id for window in self._windows.values()}
        return super().ids | newest | {one.delivery.id for older in self.superseded.values() for one in older}

    @property
    def wants_more(self) -> bool:
        return len(self._windows) < MOST_WINDOWS

    def add(self, waiting: Iterable[Waiting]) -> None:
        for one in waiting:
            if one.delivery.alone:
                self._waiting.append(one)
            else:
                self._see(replace(one, body=None))  # there may be many keys, and they may wait for long

    def newest(self, key: str) -> Waiting | None:
        """The one that waits now; None if it was dropped."""
        window = self._windows.get(key)
        return None if window is None else window.newest

    def put_back(self, waiting: Iterable[Waiting]) -> None:
        self.add(waiting)

    def drop(self, delivery: int) -> None:
        super().drop(delivery)
        for key, window in list(self._windows.items()):
            if window.newest.delivery.id == delivery:
                del self._windows[key]

    def next(self) -> Waiting | float:
        if self._waiting:
            return self._waiting.popleft()
        while self._queue:
            due, delivery, key = self._queue[0]
            window = self._windows.get(key)
            is_newest = window is not None and window.newest.delivery.id == delivery
            if is_newest and self.wants_more and (pause := due - steady()) > 0:
                return pause
            heappop(self._queue)
            if is_newest:
                return self._windows.pop(key).newest
        return math.inf

    def _see(self, one: Waiting) -> None:
        window, newest, first = self._windows.get(one.key), one, one.since
        if window is not None:
            older, newest = sorted((window.newest, one), key=lambda each: each.delivery.id)
            first = min(first, window.first)
            self.superseded.setdefault(one.key, []).append(older)
        quiet = newest.since + round(1000 * self._debounce.wait)
        latest = first + round(1000 * self._debounce.max_wait)
        due = max(min(quiet, latest), steady() + self._pause(newest.delivery))
        self._windows[one.key] = _Window(newest, first, due)
        heappush(self._queue, (due, newest.delivery.id, one.key))
        if len(self._queue) > 2 * len(self._windows) + _STALE:
            self._queue = [(each.due, each.newest.delivery.id, key) for key, each in self._windows.items()]
            heapify(self._queue)


def _as_one(waiting: deque[Waiting], number: int) -> Waiting:
    first, *more = (waiting.popleft() for _ in range(number))
    return replace(first, more=tuple(more))
