"""The hub's clocks."""

from __future__ import annotations

import time

DAY = 24 * 60 * 60 * 1000
"""Milliseconds."""
_BEGAN = time.time_ns() - time.monotonic_ns()


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def steady() -> int:
    """Milliseconds that setting the clock does not change: they start at the clock's time when this process began. For pauses."""
    return (_BEGAN + time.monotonic_ns()) // 1_000_000
