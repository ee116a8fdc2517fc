"""Many large uploads at once: how much memory they cost the server while they last."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.benchmarks.process import Server

UPLOADS = 64
UPLOAD_BYTES = 25 * 1024 * 1024
SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Uploads:
    """`growth` is the highest resident size during the uploads above the one before, in bytes."""

    growth: int
    statuses: Counter[int]
    seconds: float


class Peak:
    def __init__(self, server: Server) -> None:
        self.bytes = server.memory()


def upload_at_once(server: Server, url: str, *, uploads: int = UPLOADS, size: int = UPLOAD_BYTES) -> Uploads:
    body = os.urandom(size)
    before = server.memory()
    with _watched(server) as peak:
        statuses, seconds = asyncio.run(_upload_all(url, body, uploads))
    return Uploads(peak.bytes - before, statuses, seconds)


async def _upload_all(url: str, body: bytes, uploads: int) -> tuple[Counter[int], float]:
    limits = httpx.Limits(max_connections=uploads)
    async with httpx.AsyncClient(limits=limits, timeout=300, trust_env=False) as http:
        started = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*(http.post(url, content=body) for _ in range(uploads)))
        seconds = asyncio.get_running_loop().time() - started
    return Counter(answer.status_code for answer in answers), seconds


@contextmanager
def _watched(server: Server) -> Iterator[Peak]:
    peak, ended = Peak(server), threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            peak.bytes = max(peak.bytes, server.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
