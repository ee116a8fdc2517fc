"""The worker processes of a hub: the one for stored pipelines, and those for the runs of callers."""

from __future__ import annotations

from collections.abc import Sequence

from pfnb.hub.pipelines import StoredPipelines
from pfnb.hub.workers.callers import CallerRuns
from pfnb.hub.workers.keeper import Keeper
from pfnb.hub.workers.process import WorkerProcess


class Workers:
    def __init__(self, pipelines: StoredPipelines) -> None:
        self.stored = Keeper(pipelines)
        self.callers = CallerRuns()

    @property
    def processes(self) -> Sequence[WorkerProcess]:
        return (self.stored.process, *self.callers.processes)

    def begin(self, url: str) -> None:
        """Workers reach the hub at this address."""
        self.stored.begin(url)
        self.callers.begin(url)

    async def end(self) -> None:
        await self.stored.end()
        await self.callers.end()
