"""`pfnb serve`: a hub as a process of its own, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.pi.address import SERVING, TOKEN


async def serve(options: HubOptions, *, host: str, port: int, token: str | None) -> None:
    """Serve until SIGINT or SIGTERM. OSError when the port is taken; BusyError when the data directory is."""
    stop = told_to_stop()
    async with serving(options, host=host, port=port, token=token):
        await stop.wait()


@asynccontextmanager
async def serving(options: HubOptions, *, host: str, port: int, token: str | None) -> AsyncIterator[LocalServer]:
    """A hub that accepts requests until the block ends; it says so on standard output. Errors as `serve`."""
    server = LocalServer(options, host=host, port=port, token=token or kept_token(options.data_dir))
    await server.start()
    try:
        with _told_by_file(options.data_dir, server.url):
            say(f"pfnb hub ready at {server.url}")
            yield server
    finally:
        await server.stop()


@contextmanager
def _told_by_file(data_dir: Path | None, url: str) -> Iterator[None]:
    """While it serves, a file beside the data tells programs of this user where."""
    if data_dir is None:
        yield
        return
    file = data_dir / SERVING
    file.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def told_to_stop() -> asyncio.Event:
    """Set by SIGINT or SIGTERM, from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def kept_token(data_dir: Path | None) -> str | None:
    """The token of this data directory, made when first needed; only its owner can read the file."""
    if data_dir is None:
        return None
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = data_dir / TOKEN
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as new:
        token = secrets.token_urlsafe(24)
        new.write(token)
    return token
