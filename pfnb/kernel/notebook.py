"""A notebook that has loaded pfnb: wires its parts, opens and closes them."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import uuid
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from pfnb import commands, functions
from pfnb.client.discovery import HubAddress, connection_file, data_directory, find_hub, notebook_name
from pfnb.client.journal import Journal
from pfnb.client.port import NO_HUB, session_port
from pfnb.client.session import Session
from pfnb.exceptions import HubUnreachableError, WaitTimeoutError
from pfnb.http.protocol import KernelPort
from pfnb.kernel.board.output import OutputHooks
from pfnb.kernel.cell import RunningCell
from pfnb.kernel.contents import HubContents
from pfnb.kernel.listening.deliveries import Deliveries
from pfnb.kernel.loop.sync_door import SyncDoor
from pfnb.language.port import User
from pfnb.language.running.runner import Runner

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from pfnb.http.server import LocalServer

T = TypeVar("T")
_PLACE = "pfnb"
_SESSION_ID = "pfnb_session"
_KEEPS_THREADS_APART = (7,)
"""The version of ipykernel that attributes what a thread prints. Before it, the cell that started the thread gets it."""
_CLOSE_SECONDS = 5.0
_SHOW_SECONDS = 5.0


class Notebook:
    """The door, the session and the listeners of one kernel, from `open` to `close`."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self._is_first = _SESSION_ID not in shell.meta
        self.door = SyncDoor(_kernel_loop(shell))
        self.runner = Runner(commands.registry, functions.registry, call_main=self.door.on_main)
        self.contents = HubContents(self)
        self.deliveries = Deliveries(self.runner, self.contents)
        self.cell = RunningCell(shell, self._show_all)
        self._output = OutputHooks(shell)
        self._journal = Journal(os.environ)
        self.waited_for: list[str] = []
        """Ids of the events that a wait has returned."""
        self._server: LocalServer | None = None
        self.session: Session
        self.hub: KernelPort

    def open(self) -> None:
        """Find the hub, or start one, and connect. Raises HubUnreachableError or NotAuthenticatedError."""
        address = find_hub(os.environ, connection_file(self.shell))
        self._journal.open()
        self.door.start()
        try:
            self.run_sync(self._open(address))
        except BaseException:
            self.close()
            raise
        # The session id survives %reload_ext: to the hub this is the same kernel, and keeps its pipelines.
        self.shell.meta[_PLACE] = self
        # Not in a terminal, which could show output only where the user types; a service uses its standard output.
        if self._is_kernel and not self._journal.is_wanted:
            self._output.install()
        self.cell.open()
        atexit.register(self._at_exit)

    def close(self) -> None:
        """Leave no thread, port or task behind."""
        atexit.unregister(self._at_exit)
        self.cell.close()
        self._output.remove()
        if self.shell.meta.get(_PLACE) is self:
            del self.shell.meta[_PLACE]
        try:
            self.run_sync(self._close(), _CLOSE_SECONDS)
        except HubUnreachableError:
            return  # It was never open, or this is a forked process: threads stay with the parent.
        finally:
            self.door.stop()
            self._journal.close()

    @property
    def user(self) -> User:
        """The user that cells of this notebook act as."""
        return User(self.session.welcome["owner"], frozenset(self.session.welcome["roles"]))

    @property
    def greeting(self) -> str:
        """One line says which hub this is, whether events survive the kernel, and from where the hub can be called. Further
        lines say that webhooks have a new address, and what this kernel cannot do."""
        welcome = self.session.welcome
        where = f"the hub {welcome['hub']}" if self._server is None else "a hub in this kernel"
        kept = "events survive the kernel" if welcome["durable"] else "in memory: events end with the kernel"
        reach = f"reachable as {welcome['publicUrl']}" if welcome["publicUrl"] else "reachable from this machine only"
        live = "" if self._is_kernel else "; a terminal has no live displays: use %pipeline list and %event wait"
        first = f"pfnb uses {where} ({kept}; {reach}{live})"
        further = [said for said in (welcome.get("moved"), self._degraded) if said]
        return "\n".join([first, *(f"pfnb: {said}" for said in further)])

    @property
    def _degraded(self) -> str | None:
        """What does not work well with this version of ipykernel, and which version fixes it. None after the first load."""
        if not self._is_kernel or not self._is_first:
            return None
        from ipykernel._version import __version__, version_info

        if version_info >= _KEEPS_THREADS_APART:
            return None
        return (
            f"ipykernel {__version__} shows what a listener's thread pool prints for a later cell under the cell that "
            "started the thread; ipykernel 7 shows it under its own cell"
        )

    @property
    def _is_kernel(self) -> bool:
        return hasattr(self.shell, "kernel")

    @property
    def hub_ends_with_it(self) -> bool:
        """Whether the hub is embedded in this kernel and keeps events in memory only."""
        return self._server is not None and not self.session.welcome["durable"]

    @property
    def hub_url(self) -> str:
        """The hub's address, as seen from this kernel."""
        return self._address.url

    def run_sync(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """See `SyncDoor.run_sync`."""
        __tracebackhide__ = True
        return self.door.run_sync(coroutine, timeout)

    def _at_exit(self) -> None:
        """In batch nobody sees the boards: print what failed to the original stderr, such as papermill's terminal."""
        failed = self.deliveries.failed.lines()
        if failed and self.cell.is_in_batch and sys.__stderr__ is not None:
            sys.__stderr__.write("pfnb: " + "\n  ".join(failed) + "\n")
            sys.__stderr__.flush()
        self.close()

    def _show_all(self) -> None:
        """Update all boards before the cell ends: in batch, the client reads nothing after that."""
        try:
            self.run_sync(self.deliveries.show_all(), _SHOW_SECONDS)
        except (HubUnreachableError, WaitTimeoutError):
            return  # The hub is ending, or events keep flooding in: the next cell shows what is missing.

    async def _open(self, address: HubAddress | None) -> None:
        self._address = address or await self._embed()
        self.session = Session(
            self._address,
            id=self.shell.meta.setdefault(_SESSION_ID, str(uuid.uuid4())),
            notebook=notebook_name(os.environ, self.shell.user_ns) or self._address.notebook,
            on_delivery=self.deliveries.take,
            on_revoked=self.deliveries.revoke,
            on_discarded=self.deliveries.discard,
        )
        self.hub = session_port(self.session)
        self.deliveries.attach(self.session)
        await self.session.open()

    async def _embed(self) -> HubAddress:
        from pfnb.http.origin import chosen_port, public_url
        from pfnb.http.server import LocalServer
        from pfnb.hub.home import HubOptions
        from pfnb.hub.receiving.request import Limits

        folder = data_directory(os.environ)
        options = HubOptions(folder, Limits.chosen(os.environ), public_url(os.environ, None, ""))
        try:
            self._server = LocalServer(options, port=chosen_port(os.environ, 0))
            await self._server.start()
        except OSError as error:
            place = f" with its events in {folder} (PFNB_DATA_DIR)" if folder is not None else ""
            raise HubUnreachableError(f"a hub in this kernel{place} cannot start: {error}") from error
        return HubAddress(self._server.url, self._server.token)

    async def _close(self) -> None:
        await self.deliveries.close()
        if hasattr(self, "session"):
            await self.session.close()
        if self._server is not None:
            await self._server.stop()


def current_notebook() -> Notebook | None:
    """The notebook of this process; None before `%load_ext pfnb`."""
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
    """The loop of the kernel's main thread. None in plain IPython, where no loop runs while it is idle."""
    loop = getattr(getattr(getattr(shell, "kernel", None), "io_loop", None), "asyncio_loop", None)
    return loop if isinstance(loop, asyncio.AbstractEventLoop) else None
