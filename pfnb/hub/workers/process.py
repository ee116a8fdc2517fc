"""One worker process below this one, from start to end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import string
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable
from typing import Any

from pfnb.environment import for_workers
from pfnb.hub.workers.watchdog import Watchdog

log = logging.getLogger("pfnb.worker")
log.addHandler(logging.NullHandler())  # otherwise Python shows warnings under the cell that ran last
MODULE = "pfnb.worker"
FAREWELL_SECONDS = 3.0
MOST_WORDS = 300
MOST_LINE = 8192
"""Bytes of a line of a worker's output that are logged."""
_WORD, _LONGEST_WORD = string.ascii_letters + string.digits + "-_", 100
_CHUNK = 8192

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
            env=for_workers(os.environ),
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
        """Log its output until it ends. Searching it for secrets takes time: the loop has other turns, and long lines are cut."""
        assert process.stderr is not None
        begun = b""
        while chunk := await process.stderr.read(_CHUNK):
            first, *others = chunk.split(b"\n")
            lines = [begun + first, *others]
            for line in lines[:-1]:
                self._log(line)
            begun = lines[-1][: MOST_LINE + 1]
            await asyncio.sleep(0)
        self._log(begun)

    def _log(self, line: bytes) -> None:
        text = line[:MOST_LINE].decode("utf-8", "replace").rstrip()
        if len(line) > MOST_LINE:
            # A part of a secret would not be recognised as one: none is left at the end.
            text = text[:-_LONGEST_WORD] + text[-_LONGEST_WORD:].rstrip(_WORD) + " … (cut)"
        if text:
            log.info("%s", text)
            self.last_words = text.strip()[:MOST_WORDS]


async def _ended(process: Process) -> None:
    """Wait for a worker whose input has been closed; kill it if it does not end."""
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
