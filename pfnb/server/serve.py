"""`pfnb serve`: a hub as a process of its own, until stopped."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from pfnb.http.capacity import Capacity
from pfnb.http.server import LOOPBACK, LocalServer
from pfnb.hub.home import HubOptions
from pfnb.hub.private import own_folder, private_file, write_private
from pfnb.hub.troubles import os_error
from pfnb.pi.address import SERVING, TOKEN
from pfnb.server.jupyterhub import Place
from pfnb.server.tunnel import tunnelled


async def serve(
    options: HubOptions,
    place: Place,
    *,
    token: str | None,
    capacity: Capacity | None = None,
    receive_port: int | None = None,
    tunnel: str | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. `receive_port` is a second port, for requests to webhooks only (0: a free one of this
    machine); `tunnel` is the command of a tunnel that leads there. StartError if port, database or tunnel cannot be used,
    BusyError if another hub uses the data directory."""
    stop = told_to_stop()
    async with AsyncExitStack() as stack:
        address_follows = tunnel is not None and options.public_url is None
        server = await stack.enter_async_context(
            serving(
                options,
                place,
                token=token,
                capacity=capacity,
                receive_port=receive_port,
                address_follows=address_follows,
            )
        )
        if tunnel is not None:
            await stack.enter_async_context(_reached_through(server, tunnel, place.prefix, stop))
        await stop.wait()


def _reached_through(
    server: LocalServer, tunnel: str, prefix: str, stop: asyncio.Event
) -> AbstractAsyncContextManager[None]:
    """The tunnel to a hub, which learns its public address from it unless it has one."""
    assert server.receive_port is not None, "a tunnel leads to the port for receiving"

    async def moved(address: str) -> None:
        await server.reached_as(address + prefix)
        say(f"pfnb tunnel ready at {address}{prefix}")
        _tell_moved(server)

    return tunnelled(tunnel, server.receive_port, moved, stop, address=server.hub.settings.public_url)


@asynccontextmanager
async def serving(
    options: HubOptions,
    place: Place,
    *,
    token: str | None,
    capacity: Capacity | None = None,
    receive_port: int | None = None,
    address_follows: bool = False,
) -> AsyncIterator[LocalServer]:
    """A hub that accepts requests until the block ends; prints its address to standard output. Errors as `serve`."""
    try:
        kept = None if token else kept_token(options.data_dir)
        token = token or kept
        server = LocalServer(
            options,
            host=place.host,
            port=place.port,
            receive_port=receive_port,
            receive_host=place.host if receive_port else LOOPBACK,
            prefix=place.prefix,
            token=token,
            capacity=capacity,
        )
        await server.start(address_follows=address_follows)
    except OSError as error:
        raise os_error(options.data_dir or Path(), error) from None
    if kept is not None and options.data_dir is not None:
        sys.stderr.write(f"pfnb: the token is in {options.data_dir / TOKEN}\n")
    try:
        with _told_by_file(options.data_dir, server.url):
            _tell_moved(server)
            say(f"pfnb hub ready at {server.url}")
            yield server
    finally:
        await server.stop()


def _tell_moved(server: LocalServer) -> None:
    if moved := server.hub.moved(server.owner):
        sys.stderr.write(f"pfnb: {moved}\n")


@contextmanager
def _told_by_file(data_dir: Path | None, url: str) -> Iterator[None]:
    """While the hub serves, a file beside the data gives its address to this user's programs."""
    if data_dir is None:
        yield
        return
    file = data_dir / SERVING
    try:
        write_private(file, json.dumps({"url": url, "pid": os.getpid()}))
    except OSError as error:
        raise os_error(file, error) from None
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def told_to_stop() -> asyncio.Event:
    """An event that SIGINT or SIGTERM sets from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def kept_token(data_dir: Path | None) -> str | None:
    """The token of this data directory, created on first use; only its owner can read the file."""
    if data_dir is None:
        return None
    file = own_folder(data_dir) / TOKEN
    if file.exists():
        if kept := private_file(file).read_text().strip():
            return kept
        file.unlink()  # an earlier version was killed while it wrote the token, or had no room for it
    unfinished = file.with_name(f".{TOKEN}.{secrets.token_hex(4)}")
    try:
        private_file(unfinished).write_text(secrets.token_urlsafe(24))
        os.link(unfinished, file)
    except FileExistsError:
        pass  # written by another hub that starts at the same time: the lock decides which one serves
    finally:
        unfinished.unlink(missing_ok=True)
    return file.read_text()
