"""Scheduled scans: a hub looks by itself, now and then, for secrets of its webhooks in folders it was told of."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from pfnb.exceptions import PfnbError
from pfnb.hub.webhooks import Webhooks
from pfnb.leaks import Leak, scan

log = logging.getLogger("pfnb.hub")
FIRST_SECONDS = 30.0


@dataclass(frozen=True)
class ScanPlan:
    """Which folders a hub looks through, and how many hours it then waits. Without folders it looks nowhere."""

    paths: tuple[Path, ...] = ()
    hours: float = 24.0


class Scans:
    def __init__(self, webhooks: Webhooks, plan: ScanPlan) -> None:
        self._webhooks = webhooks
        self._plan = plan

    async def sweep_again_and_again(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.scan()
            except (PfnbError, OSError) as error:
                log.warning("the scan for leaked webhooks failed: %s", error)  # the next time, then
            await asyncio.sleep(self._plan.hours * 3600)

    async def scan(self) -> list[Leak]:
        """Look once, deactivate what leaked, whosever it is, and say so in the log. FileNotFoundError if a folder is gone."""
        uuids = set(self._webhooks.secrets())
        seen = await asyncio.to_thread(scan, self._plan.paths, uuids)
        for leak in seen.leaks:
            if await self._webhooks.deactivate(leak.uuid):
                log.warning("webhook …%s is deactivated: its secret stands in %s", leak.uuid[-6:], leak.place)
        return seen.leaks
