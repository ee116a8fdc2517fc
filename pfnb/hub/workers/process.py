"""One worker process below this one, from start to end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable
from typing import Any

from pfnb.environment import for_children
from pfnb.hub.workers.watchdog import Watchdog

log = logging.getLogger("pfnb.worker")
log.addHandler(logging.NullHandler())  # otherwise Python shows warnings under the cell that ran last
MODULE = "pfnb.worker"
FAREWELL_SECONDS = 3.0
MOST_WORDS = 300
_CHUNK = 65536

Arrived = Callable[[Any], Awaitable[None]]
"""Called with the session of a worker that has reached the hub."""


class WorkerProcess:
    """Runs `python -m pfnb.worker`. The hub's address, and a token for this one process, are sent through its standard input. The
    input ends when the hub ends, in whatever way, and that ends the worker.

    `arrived` is called when it has reached the hub. `last_words` is the last line that it wrote; `was_silent` says whether it
    was ended because it no longer answered.
    """

    def __init__(self, arrived: Arrived) -> None:
        self.watchdog = Watchdog()
        self.arrived = arrived
        self.last_words = ""
        self.was_silent = False
        self.token = ""
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """None while there is no process."""
        return self._process.pid if self._process is not None else None

    async def run(self, url: str) -> int:
        """Start it and wait for its end; cancel this to end it. Returns its exit status. OSError if it cannot start."""
        self.last_words, self.was_silent = "", False
        self.token = secrets.token_urlsafe(24)
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            MODULE,
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=PIPE,
            env=for_children(os.environ),
        )
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"url": url, "token": self.token}).encode() + b"\n")
            watching = asyncio.create_task(self._watch(process), name="pfnb worker watchdog")
            try:
                await self._relay(process)
                return await process.wait()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        finally:
            self._process, self.token = None, ""
            process.stdin.close()
            await _ended(process)

    async def _watch(self, process: Process) -> None:
        """Kill a worker that no longer answers, even if it is stopped, or stuck in code that never returns."""
        await self.watchdog.watch()
        self.was_silent = True
        process.kill()

    async def _relay(self, process: Process) -> None:
        """Log its output until it ends."""
        assert process.stderr is not None
        while chunk := await process.stderr.read(_CHUNK):
            for line in chunk.decode("utf-8", "replace").splitlines():
                log.info("%s", line)
                self.last_words = line.strip()[:MOST_WORDS] or self.last_words


async def _ended(process: Process) -> None:
    """Wait for a worker whose input has been closed; kill it if it does not end."""
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
