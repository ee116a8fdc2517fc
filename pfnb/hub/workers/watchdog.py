"""Watches one worker process, and notices when it gives no sign of life."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

log = logging.getLogger("pfnb.worker")

ANSWER_SECONDS = 20
"""A worker that is silent for this many seconds is ended: its loop is stuck, for whatever reason. On a busy machine, a healthy
one may be silent for seconds."""
START_SECONDS = 60
"""The same while it starts."""
_LOOK_SECONDS = 1.0


class Watchdog:
    """Counts checks without a sign of life, not time: while this process itself is paused, no worker is blamed."""

    def __init__(self) -> None:
        self._ping: Callable[[], None] | None = None
        self._running: Callable[[], Collection[str]] = tuple
        self._silent = 0.0

    def connected(self, ping: Callable[[], None], running: Callable[[], Collection[str]]) -> None:
        """The worker has arrived. `ping` asks it for a sign of life, `running` returns the names of the pipelines it runs."""
        self._ping, self._running = ping, running
        self.heard()

    def heard(self) -> None:
        """The worker gave a sign of life."""
        self._silent = 0.0

    async def watch(self) -> None:
        """Returns when a worker, once started, no longer answers."""
        self._ping, self._running = None, tuple
        self.heard()
        while self._silent <= (START_SECONDS if self._ping is None else ANSWER_SECONDS):
            await asyncio.sleep(_LOOK_SECONDS)
            self._silent += _LOOK_SECONDS
            if self._ping is not None:
                self._ping()
        names = ", ".join(sorted(set(self._running()))) or "none"
        log.error(
            "the worker did not answer for %g s and is ended while running these pipelines: %s", self._silent, names
        )
