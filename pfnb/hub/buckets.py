"""Token buckets: how often something may happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

MOST = 10_000
"""Maximum number of buckets. Beyond it, the one that was used longest ago is full again."""


class Buckets:
    """A bucket for each key. It begins full, so that `burst` may happen at once, and gets `requests` tokens in each `per`
    seconds. In memory only: after a restart all are full."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key: str, rate: Mapping[str, float]) -> float:
        """Take a token from this key's bucket. Returns 0; or the seconds until there is one, if there is none now."""
        now, per_second = self._clock(), rate["requests"] / rate["per"]
        tokens, since = self._left.pop(key, (rate["burst"], now))
        tokens = min(rate["burst"], tokens + (now - since) * per_second)
        taken = 1 if tokens >= 1 else 0
        self._left[key] = tokens - taken, now
        if len(self._left) > MOST:
            del self._left[next(iter(self._left))]
        return 0.0 if taken else (1 - tokens) / per_second
