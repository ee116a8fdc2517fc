"""Scheduled scans: a hub searches the configured folders for secrets of its webhooks from time to time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pfnb.hub.webhooks import Webhooks
from pfnb.language.threads import Threads
from pfnb.leaks import Halt, Leak, Scan, scan
from pfnb.uuid_tail import masked_uuid

log = logging.getLogger("pfnb.hub")
FIRST_SECONDS = 30.0


@dataclass(frozen=True)
class ScanPlan:
    """The folders to scan, and the hours between scans. Without folders nothing is scanned."""

    paths: tuple[Path, ...] = ()
    hours: float = 24.0


class Scans:
    def __init__(self, webhooks: Webhooks, plan: ScanPlan) -> None:
        self._webhooks = webhooks
        self._plan = plan
        self._threads = Threads("pfnb-scheduled-scan", threads=1, share=1)

    async def scan(self) -> list[Leak]:
        """Scan once; deactivate what leaked, whoever owns it, and log it. FileNotFoundError if a folder is gone."""
        uuids = set(self._webhooks.secrets())
        halt = Halt()
        looking = self._threads.submit("", partial(scan, self._plan.paths, uuids, halt=halt))
        try:
            seen: Scan = await asyncio.wrap_future(looking)
        finally:
            halt.end()
            self._threads.rest()
        for leak in seen.leaks:
            if await self._webhooks.deactivate(leak.uuid):
                log.warning("webhook %s is deactivated: its secret was found in %s", masked_uuid(leak.uuid), leak.place)
        return seen.leaks
