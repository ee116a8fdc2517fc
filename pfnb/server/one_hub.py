"""One hub for one user: the first server has it, later ones join it, and one of them takes over when that server ends. The server
that holds the lock of the data directory has the hub. A file beside the lock gives its address to the others.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tornado.iostream import IOStream

from pfnb.exceptions import BusyError, PfnbError
from pfnb.http.capacity import Capacity
from pfnb.http.site import Site
from pfnb.http.vouch import Vouching
from pfnb.hub.home import Home
from pfnb.hub.hub import Hub
from pfnb.hub.private import write_private
from pfnb.pi.address import SERVING
from pfnb.server.neighbour import Neighbour
from pfnb.server.proven import NotOurHubError, proven
from pfnb.server.relay import AWAY, Relays

LOOK_SECONDS = 0.5
TROUBLE_SECONDS = 5.0
TRIES = 3
NOWHERE = "the hub is starting or stopping; try again in a second"
PATIENCE = 8.0
"""Seconds that a request waits for a hub while one server takes over from another."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The hub of another server of this user, until `lost` is set."""

    url: str
    lost: asyncio.Event = field(default_factory=asyncio.Event)


class OneHub:
    """`url` is where this server listens for its kernels and for other servers. `site` is set while this server has the hub.

    `make_home` takes the data directory's lock, or raises BusyError; `make_site` makes the handlers' site for an opened hub.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        vouching: Vouching,
        make_home: Callable[[], Home],
        make_site: Callable[[Hub], Site],
        log: logging.Logger,
        capacity: Capacity,
    ) -> None:
        self.url = url
        self.vouching = vouching
        self.relays = Relays(capacity)
        self.site: Site | None = None
        self._folder = folder
        self._make_home = make_home
        self._make_site = make_site
        self._log = log
        self._home: Home | None = None
        self._remote: Remote | None = None
        self._neighbour = Neighbour(vouching)
        self._found = asyncio.Event()
        self._trouble = ""
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Become the hub, or join it. If neither works, log why, answer requests with the reason, and retry."""
        pause = await self._try(look_first=False)
        if self.site is None:
            self._watching = asyncio.create_task(self._watch(pause), name="pfnb other hub")

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._lose("")
        self._trouble = "this server is stopping"
        site, home = self.site, self._home
        if site is not None and home is not None:
            await site.close()
            await asyncio.to_thread((self._folder / SERVING).unlink, missing_ok=True)
            await home.close()

    async def connected(self) -> tuple[Remote, IOStream] | None:
        """The hub of another server, and a connection on which it has proved itself; None if this server has the hub. BusyError
        if there is no hub now."""
        for _ in range(TRIES):
            remote = await self.elsewhere()
            if remote is None:
                return None
            try:
                return remote, await proven(remote.url, self.vouching)
            except (ConnectionRefusedError, NotOurHubError):
                if self._remote is remote:
                    self._lose("")  # It has just ended; another server takes over.
            except TimeoutError:
                if self._remote is remote:
                    raise BusyError(AWAY) from None
            except OSError:
                continue  # It may be ending, or have no room for another connection.
        raise BusyError(NOWHERE)

    async def elsewhere(self) -> Remote | None:
        """The hub of another server; None if this server has it. BusyError if there is none after PATIENCE seconds."""
        if self.site is None and self._remote is None and not self._trouble:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._found.wait()
        if self.site is not None:
            return None
        if self._remote is None:
            raise BusyError(self._trouble or NOWHERE)
        return self._remote

    def secrets(self) -> Collection[str]:
        """The uuids of all webhooks, of all owners."""
        return self._neighbour.secrets if self.site is None else self.site.hub.webhooks.secrets()

    def stored_secrets(self) -> Collection[str]:
        """The values of stored secrets, where this server has the hub."""
        return () if self.site is None else self.site.hub.secrets.known()

    async def _watch(self, pause: float) -> None:
        while self.site is None:
            await asyncio.sleep(pause)
            pause = await self._try(look_first=True)

    async def _try(self, *, look_first: bool) -> float:
        """Find the hub or become it; `look_first` tries to find it first. Returns seconds until the next attempt, if one is
        needed."""
        try:
            first, then = (self._look, self._become) if look_first else (self._become, self._look)
            if not await first():
                await then()
        except Exception as error:
            # Any trouble may be temporary; meanwhile, tell the owner why nothing is received.
            self._lose(f"the hub cannot start: {error}", error)
            return TROUBLE_SECONDS
        return LOOK_SECONDS

    async def _become(self) -> bool:
        """Take the data directory and open its hub; False if another process has it."""
        try:
            home = await asyncio.to_thread(self._make_home)
        except BusyError:
            return False
        serving = self._folder / SERVING
        await asyncio.to_thread(serving.unlink, missing_ok=True)  # its writer has ended
        await home.open()
        site = self._make_site(home.hub)
        site.open()
        await asyncio.to_thread(write_private, serving, json.dumps({"url": self.url, "pid": os.getpid()}))
        self._log.info("pfnb keeps webhooks and events in %s; the hub is ready at %s", home.folder, site.url())
        self._home, self.site, self._trouble = home, site, ""
        if self._remote is not None:
            self._remote.lost.set()
        self._found.set()
        return True

    async def _look(self) -> bool:
        """Find the hub of another process. Returns whether it answers."""
        told = await asyncio.to_thread(_read, self._folder / SERVING)
        if told is None:
            self._lose("")
            return False
        url, pid = told
        try:
            await self._neighbour.ask(url)
        except TimeoutError:
            self._lose(f"the hub does not answer: process {pid} has it, but is suspended or very busy")
        except NotOurHubError:
            self._lose(f"process {pid} uses the data directory {self._folder} and does not share it: stop that process")
        except OSError:
            self._lose("")  # That hub is just ending.
        else:
            if self._remote is None or self._remote.url != url:
                self._lose("")
                self._remote, self._trouble = Remote(url), ""
                self._found.set()
                self._log.info("pfnb uses the hub of your other server, process %s", pid)
            return True
        return False

    def _lose(self, trouble: str, error: Exception | None = None) -> None:
        if self._remote is not None:
            self._remote.lost.set()
            self._remote = None
        self._found.clear()
        if trouble and trouble != self._trouble:
            self._log.warning("pfnb: %s", trouble, exc_info=None if isinstance(error, PfnbError) else error)
        self._trouble = trouble


def _read(file: Path) -> tuple[str, int] | None:
    try:
        told = json.loads(file.read_text())
        return str(told["url"]), int(told["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
