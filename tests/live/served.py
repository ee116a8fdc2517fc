"""A real `pfnb serve` of its own: own port, own token, own folder, ended with the block that started it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.live.hub import HubClient

TOKEN = "t0ken-of-the-owner"
RECEIVE = "/pfnb/api/v3/command/webhook.receive"
_READY = re.compile(r"pfnb hub ready at (\S+)")


@dataclass(frozen=True)
class Served:
    url: str
    process: psutil.Process
    data_dir: Path
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)

    @property
    def netloc(self) -> str:
        return urlsplit(self.url).netloc

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=20)

    def client(self) -> HubClient:
        return HubClient(self.url, TOKEN)

    def head(self, path: str = RECEIVE, *lines: str, method: str = "POST") -> bytes:
        """The head of a request, without the empty line that ends it."""
        return "".join(f"{line}\r\n" for line in (f"{method} {path} HTTP/1.1", f"Host: {self.netloc}", *lines)).encode()


@contextmanager
def served(
    folder: Path,
    *words: str,
    environment: dict[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> Iterator[Served]:
    """`words` are further arguments; `before` runs in the new process before the hub does."""
    data_dir, log = folder / "hub", folder / "serve.log"
    command = [sys.executable, "-m", "pfnb.cli", "serve", "--port", "0", "--token", TOKEN, "--data-dir", str(data_dir)]
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, *words], stdout=subprocess.PIPE, stderr=said, text=True, preexec_fn=before,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = _READY.search(process.stdout.readline())
        assert ready is not None, log.read_text()
        yield Served(ready[1], psutil.Process(process.pid), data_dir, log)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
