"""The hub of `pfnb listen`: the user's running one, or one of its own that ends with it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from pfnb.client.discovery import HubAddress
from pfnb.client.session import Session
from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError
from pfnb.http.origin import chosen_port, public_url
from pfnb.http.server import PREFIX, LocalServer
from pfnb.hub.home import HubOptions
from pfnb.hub.private import own_folder, write_private
from pfnb.hub.receiving.request import Limits
from pfnb.pi.address import LISTENING, find_address
from pfnb.pi.output import note
from pfnb.server.serve import kept_token
from pfnb.server.tunnel import tunnelled

OWN = ("port", "data_dir", "public_url", "tunnel")
"""What can only be said of a hub that starts here."""
Open = Callable[[HubAddress], Session]


@dataclass(frozen=True, slots=True)
class Place:
    """`said` describes the hub in a line."""

    session: Session
    said: str


@asynccontextmanager
async def place(words: argparse.Namespace, session_with: Open) -> AsyncIterator[Place]:
    """The hub that flags or environment name, else the one that runs on this machine, else one of this process, with a session.
    Raises what `find_address`, `Session.open` and `LocalServer.start` raise."""
    found = None if any(getattr(words, name) is not None for name in OWN) else await _running(words, session_with)
    if found is not None:
        try:
            yield found
        finally:
            await found.session.close()
        return
    async with _own(words) as (server, said):
        session = session_with(HubAddress(server.url, server.token))
        await session.open()
        try:
            yield Place(session, said)
        finally:
            await session.close()


async def _running(words: argparse.Namespace, session_with: Open) -> Place | None:
    """The user's hub; None if there is none, or if what was found is none: a Jupyter Server may have no pfnb."""
    is_named = bool(words.url or os.environ.get("PFNB_URL"))
    try:
        found = find_address(words.url, words.token, os.environ, lasting=True)
    except HubUnreachableError:
        return None
    session = session_with(HubAddress(found.url, found.token))
    try:
        await session.open()
    except (HubUnreachableError, NotAuthenticatedError) as error:
        await session.close()
        if is_named:
            raise
        note(f"pfnb: {found.origin} cannot be used, so a hub starts here ({error.message})")
        return None
    return Place(session, f"the hub {found.url} ({found.origin})")


@asynccontextmanager
async def _own(words: argparse.Namespace) -> AsyncIterator[tuple[LocalServer, str]]:
    url = public_url(os.environ, words.public_url, "--public-url")
    options = HubOptions(words.data_dir, Limits.chosen(os.environ), url)
    port = chosen_port(os.environ, 0) if words.port is None else words.port
    receive_port = None if words.tunnel is None else 0
    server = LocalServer(options, port=port, receive_port=receive_port, token=kept_token(words.data_dir))
    await server.start(address_follows=words.tunnel is not None and url is None)
    try:
        async with AsyncExitStack() as stack:
            stack.enter_context(_announced(server))
            if words.tunnel is not None:
                await stack.enter_async_context(_reached_through(server, words.tunnel))
            kept = "in memory: events end with it" if words.data_dir is None else f"events are kept in {words.data_dir}"
            yield server, f"a hub of this process ({kept})"
    finally:
        await server.stop()


def _reached_through(server: LocalServer, command: str) -> AbstractAsyncContextManager[None]:
    """The tunnel to the hub, which learns its public address from it."""
    assert server.receive_port is not None, "a tunnel leads to the port for receiving"

    async def moved(address: str) -> None:
        await server.reached_as(f"{address}{PREFIX}")
        note(f"pfnb: the tunnel leads here from {address}{PREFIX}")

    never = asyncio.Event()  # who ends the program cancels this
    return tunnelled(command, server.receive_port, moved, never, address=server.hub.settings.public_url)


@contextmanager
def _announced(server: LocalServer) -> Iterator[None]:
    """While the hub runs, a private file gives its address to `pi`. Without such a folder, `pi` needs --url and --token."""
    file: Path | None = None
    with suppress(OSError):
        folder = own_folder(user_data_path("pfnb") / LISTENING)
        file = folder / f"{os.getpid()}.json"
        write_private(file, json.dumps({"url": server.url, "token": server.token, "pid": os.getpid()}))
    try:
        yield
    finally:
        if file is not None:
            file.unlink(missing_ok=True)
