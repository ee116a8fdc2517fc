"""A notebook that has loaded pfnb: here its parts are wired, opened and closed."""

from __future__ import annotations

import asyncio
import atexit
import os
import uuid
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from pfnb.exceptions import HubUnreachableError
from pfnb.kernel.contents import HubContents
from pfnb.kernel.deliveries import Deliveries
from pfnb.kernel.discovery import HubAddress, connection_file, data_directory, find_hub, notebook_name
from pfnb.kernel.door import Door
from pfnb.kernel.journal import Journal
from pfnb.kernel.output import OutputHooks
from pfnb.kernel.port import NO_HUB, SessionPort
from pfnb.kernel.session import Session
from pfnb.language.command import registry
from pfnb.language.port import User
from pfnb.language.runner import Runner

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from pfnb.http.server import LocalServer

T = TypeVar("T")
_PLACE = "pfnb"
_SESSION_ID = "pfnb_session"
_CLOSE_SECONDS = 5.0


class Notebook:
    """The door, the session and the listeners of one kernel, from `open` to `close`."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.door = Door(_kernel_loop(shell))
        self.runner = Runner(registry, call_main=self.door.on_main)
        self.contents = HubContents(self)
        self.deliveries = Deliveries(self.runner, self.contents)
        self._output = OutputHooks(shell)
        self._journal = Journal(os.environ)
        self.waited_for: list[str] = []
        """Ids of the events that a wait has returned."""
        self._server: LocalServer | None = None
        self.session: Session
        self.hub: SessionPort

    def open(self) -> None:
        """Find the hub, or start one, and connect. Raises HubUnreachableError or NotAuthenticatedError."""
        address = find_hub(os.environ, connection_file())
        self._journal.open()
        self.door.start()
        try:
            self.run_sync(self._open(address))
        except BaseException:
            self.close()
            raise
        # The id outlives %reload_ext: to the hub it is still the same kernel, whose pipelines are its own.
        self.shell.meta[_PLACE] = self
        # A terminal has no place for a listener's output but where the user types; a service's is its standard output.
        if self._is_kernel and not self._journal.is_wanted:
            self._output.install()
        atexit.register(self.close)

    def close(self) -> None:
        """Leave no thread, port or task behind."""
        atexit.unregister(self.close)
        self._output.remove()
        if self.shell.meta.get(_PLACE) is self:
            del self.shell.meta[_PLACE]
        try:
            self.run_sync(self._close(), _CLOSE_SECONDS)
        except HubUnreachableError:
            return  # It has never been open, or this is a forked process, whose threads are its parent's.
        finally:
            self.door.stop()
            self._journal.close()

    @property
    def user(self) -> User:
        """Whom cells of this notebook act as."""
        return User(self.session.welcome["owner"], frozenset(self.session.welcome["roles"]))

    @property
    def greeting(self) -> str:
        """Which hub this is, whether events survive the kernel, and from where it can be called. In one line."""
        welcome = self.session.welcome
        where = f"the hub {welcome['hub']}" if self._server is None else "a hub of this kernel's own"
        kept = "events survive the kernel" if welcome["durable"] else "in memory: events end with the kernel"
        reach = f"reachable as {welcome['publicUrl']}" if welcome["publicUrl"] else "reachable from this machine only"
        live = "" if self._is_kernel else "; a terminal shows nothing live: ask with %pipeline list and %event wait"
        return f"pfnb uses {where} ({kept}; {reach}{live})"

    @property
    def _is_kernel(self) -> bool:
        return hasattr(self.shell, "kernel")

    @property
    def hub_ends_with_it(self) -> bool:
        """Whether the hub is this kernel's own, and keeps nothing."""
        return self._server is not None and not self.session.welcome["durable"]

    @property
    def hub_url(self) -> str:
        """The hub's address as this kernel reaches it."""
        return self._address.url

    def run_sync(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """See `Door.run_sync`."""
        __tracebackhide__ = True
        return self.door.run_sync(coroutine, timeout)

    async def _open(self, address: HubAddress | None) -> None:
        self._address = address or await self._embed()
        self.session = Session(
            self._address,
            id=self.shell.meta.setdefault(_SESSION_ID, str(uuid.uuid4())),
            notebook=notebook_name(os.environ, self.shell.user_ns),
            on_delivery=self.deliveries.take,
            on_revoked=self.deliveries.revoke,
        )
        self.hub = SessionPort(self.session)
        self.deliveries.attach(self.session)
        await self.session.open()

    async def _embed(self) -> HubAddress:
        from pfnb.http.server import LocalServer
        from pfnb.hub.home import HubOptions

        folder = data_directory(os.environ)
        try:
            self._server = LocalServer(HubOptions(data_dir=folder))
            await self._server.start()
        except OSError as error:
            place = f" with its events in {folder} (PFNB_DATA_DIR)" if folder is not None else ""
            raise HubUnreachableError(f"a hub of this kernel's own{place} cannot start: {error}") from error
        return HubAddress(self._server.url, self._server.token)

    async def _close(self) -> None:
        await self.deliveries.close()
        if hasattr(self, "session"):
            await self.session.close()
        if self._server is not None:
            await self._server.stop()


def current_notebook() -> Notebook | None:
    """The one of this process, None before `%load_ext pfnb`."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if shell is None else shell.meta.get(_PLACE)


def loaded_notebook() -> Notebook:
    """The same; HubUnreachableError before `%load_ext pfnb`."""
    notebook = current_notebook()
    if notebook is None:
        raise HubUnreachableError(NO_HUB)
    return notebook


def listening() -> int:
    """How many pipelines of this kernel listen."""
    notebook = current_notebook()
    return len(notebook.deliveries) if notebook is not None else 0


def _kernel_loop(shell: InteractiveShell) -> asyncio.AbstractEventLoop | None:
    """The loop of the kernel's main thread; plain IPython has none that runs while it is idle."""
    loop = getattr(getattr(getattr(shell, "kernel", None), "io_loop", None), "asyncio_loop", None)
    return loop if isinstance(loop, asyncio.AbstractEventLoop) else None
