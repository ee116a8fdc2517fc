"""The worker process: started with the first stored pipeline that listens, again whenever it dies, and ended with the hub."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process

from tornado.httputil import HTTPServerRequest

from pfnb.http.secret import authorization_token, same_secret

log = logging.getLogger("pfnb.worker")
log.addHandler(logging.NullHandler())  # or Python would show warnings under whichever cell ran last
MODULE = "pfnb.worker"
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds between the end of one worker and the start of the next: they double until one lives longer than the longest."""
FAREWELL_SECONDS = 3.0
_CHUNK = 65536


class WorkerProcess:
    """Runs `python -m pfnb.worker` below this process. Where the hub is and a token that is good for this one worker go through
    its standard input, whose end, however this process ends, ends it as well."""

    def __init__(self) -> None:
        self._token = ""
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """None while there is no process."""
        return self._process.pid if self._process is not None else None

    def begin(self, url: str, wanted: asyncio.Event) -> None:
        """Keep a worker running from the moment that one is wanted."""
        self._keeper = asyncio.create_task(self._keep(url, wanted), name="pfnb worker process")

    async def end(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def is_meant(self, request: HTTPServerRequest) -> bool:
        """Whether the worker is asking."""
        return bool(self._token) and same_secret(authorization_token(request), self._token)

    async def _keep(self, url: str, wanted: asyncio.Event) -> None:
        await wanted.wait()
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                code = await self._run(url)
            except OSError as error:
                log.warning("no worker for stored pipelines could be started: %s", error)
            else:
                log.warning("the worker for stored pipelines ended with status %s: another one is started", code)
            if time.monotonic() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run(self, url: str) -> int:
        """Start a worker and wait for its end."""
        self._token = secrets.token_urlsafe(24)
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", MODULE, stdin=PIPE, stdout=DEVNULL, stderr=PIPE
        )
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"url": url, "token": self._token}).encode() + b"\n")
            await _relay(process)
            return await process.wait()
        finally:
            self._process, self._token = None, ""
            process.stdin.close()
            await _ended(process)


async def _relay(process: Process) -> None:
    """Log what it says until it ends."""
    assert process.stderr is not None
    while chunk := await process.stderr.read(_CHUNK):
        for line in chunk.decode("utf-8", "replace").splitlines():
            log.info("%s", line)


async def _ended(process: Process) -> None:
    """Wait for a worker that was told to end."""
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
