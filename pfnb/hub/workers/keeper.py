"""Keeps the worker for stored pipelines running: from the first one that listens until the hub ends."""

from __future__ import annotations

import asyncio
import logging

from pfnb.hub.dispatch.feed import Worker
from pfnb.hub.pipelines import StoredPipelines
from pfnb.hub.workers.process import WorkerProcess

log = logging.getLogger("pfnb.worker")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds between the end of one worker and the start of the next: doubled until a worker is steady."""
STEADY = 60.0
"""Seconds after which a worker counts as steady, and the ends of earlier ones are forgotten."""
FEW = 3


class Keeper:
    """Starts a worker when stored pipelines need one, and a new one whenever it ends."""

    def __init__(self, pipelines: StoredPipelines) -> None:
        self.process = WorkerProcess(self._arrived)
        self._pipelines = pipelines
        self._failures = 0
        self._works = self._broke_off = False
        self._steady: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """None while there is no process."""
        return self.process.pid

    def begin(self, url: str) -> None:
        """Keep a worker running from the moment one is needed, and report in the pipelines' `trouble` why none runs."""
        self._task = asyncio.create_task(self._keep(url), name="pfnb worker process")

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _arrived(self, session: Worker) -> None:
        self.works()
        await self._pipelines.serve(session)

    def works(self) -> None:
        """The worker has reached the hub. If an earlier one got as far and ended, the trouble lasts until this one is steady."""
        self._works = True
        if self._broke_off:
            self._steady = asyncio.get_running_loop().call_later(STEADY, self._recovered)
        else:
            self._recovered()

    def _recovered(self) -> None:
        self._failures, self._broke_off = 0, False
        self._say(None)

    def _failed(self, why: str) -> None:
        self._failures += 1
        self._broke_off = self._broke_off or self._works
        if self._failures >= FEW:
            words = self.process.last_words
            said = f": {words}" if words else ""
            self._say(f"the worker for stored pipelines has failed {self._failures} times; {why}{said}")

    def _say(self, trouble: str | None) -> None:
        if trouble is not None:
            log.error("%s", trouble)
        self._pipelines.trouble = trouble

    async def _keep(self, url: str) -> None:
        await self._pipelines.wanted.wait()
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
        while True:
            began, self._works = loop.time(), False
            try:
                code = await self.process.run(url)
            except OSError as error:
                log.warning("the worker for stored pipelines could not be started: %s", error)
                self._failed(f"it cannot be started: {error}")
            else:
                log.warning("the worker for stored pipelines ended with status %s: it is restarted", code)
                self._failed(f"it ended with status {code}")
            finally:
                if self._steady is not None:
                    self._steady.cancel()
            if self._works or loop.time() - began > STEADY:
                pause = FIRST_PAUSE  # a run ended it: other pipelines need not wait
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
