"""How often something happened in the last minute."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

SECONDS = 60


class Rate:
    """Counts by the second, so that its size does not grow with the rate."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: deque[tuple[int, int]] = deque()

    def note(self) -> None:
        """It happened once more."""
        second = int(self._clock())
        if self._counts and self._counts[-1][0] == second:
            self._counts[-1] = second, self._counts[-1][1] + 1
        else:
            self._counts.append((second, 1))
            self._forget(second)

    def last_minute(self) -> int:
        self._forget(int(self._clock()))
        return sum(count for _, count in self._counts)

    def _forget(self, now: int) -> None:
        while self._counts and self._counts[0][0] <= now - SECONDS:
            self._counts.popleft()
