"""One kernel that executes a notebook and then lives on, for its pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from pfnb.exceptions import NotebookError
from pfnb.server.console import Console
from pfnb.server.notebook_file import INJECTED, tags_of

CLEAN_UP = "clean-up"
"""The tag of cells that undo what the others set up."""
_GLANCE = 0.5
"""Seconds between checks that the kernel is alive."""
_LAST_WORDS = 1.0
_START_SECONDS = 60.0
_REPLY_SECONDS = 60.0
_LISTENING = "__import__('pfnb.kernel.notebook', fromlist=['_']).listening()"
_LONGEST = 500


class KernelDiedError(Exception):
    """The kernel's process ended unexpectedly."""


class NotebookKernel:
    """Executes `notebook` in `folder`, and stores the outputs in its cells. Always call `stop`."""

    def __init__(
        self, notebook: NotebookNode, folder: Path, environment: Mapping[str, str], timeout: float | None
    ) -> None:
        self._notebook = notebook
        self._environment = dict(environment)
        kernel_name = notebook.metadata.get("kernelspec", {}).get("name", "python3")
        self._manager = AsyncKernelManager(kernel_name=kernel_name)
        self._kernel: AsyncKernelClient | None = None
        self._client = NotebookClient(
            notebook, self._manager, timeout=timeout, resources={"metadata": {"path": str(folder)}}
        )
        self._console: Console | None = None

    async def start(self) -> None:
        """NotebookError when there is no such kernel, or it does not start."""
        try:
            await self._client.async_start_new_kernel(env=self._environment)
            self._console = Console(self._manager.client())
            self._client.kc = self._kernel = self._manager.client()
            self._kernel.start_channels()
            await self._kernel.wait_for_ready(_START_SECONDS)
            await self._console.subscribed(self._kernel.kernel_info)
        except NoSuchKernel as error:
            raise NotebookError(
                f"the notebook needs the kernel {error.name}, which is not installed: "
                "install it, or choose another in JupyterLab and save the notebook"
            ) from None
        except (RuntimeError, TimeoutError) as error:
            raise NotebookError(f"the notebook's kernel does not start: {error}") from None

    async def execute(self) -> None:
        """Run every cell but those that clean up. NotebookError at the first that fails; KernelDiedError."""
        self._client.reset_execution_trackers()
        number = 0
        for index, cell in enumerate(self._notebook.cells):
            number += cell.cell_type == "code" and INJECTED not in tags_of(cell)
            if CLEAN_UP in tags_of(cell):
                continue  # it would end what the service serves
            try:
                await self._client.async_execute_cell(cell, index, self._client.code_cells_executed + 1)
            except CellExecutionError as error:
                raise NotebookError(f"{_cell(number, cell)} failed: {error.ename}: {_short(error.evalue)}") from None
            except CellTimeoutError:
                raise NotebookError(f"{_cell(number, cell)} took longer than {self._client.timeout:g} s") from None
            except DeadKernelError:
                raise KernelDiedError(f"in {_cell(number, cell)}") from None
        self._client.set_widgets_metadata()

    async def listening(self) -> int:
        """The number of this kernel's listening pipelines. KernelDiedError if it dies before it answers."""
        asking, ending = asyncio.ensure_future(self._count_listening()), asyncio.ensure_future(self.died())
        try:
            await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                ending.result()
                raise KernelDiedError("when its notebook had just been executed")
            return asking.result()
        finally:
            for task in (asking, ending):
                task.cancel()
            await asyncio.gather(asking, ending, return_exceptions=True)

    async def _count_listening(self) -> int:
        assert self._kernel is not None, "it has been started"
        asked = {"n": _LISTENING}
        reply = await self._kernel.execute("", silent=True, user_expressions=asked, reply=True, timeout=_REPLY_SECONDS)
        answer = reply["content"]["user_expressions"]["n"]
        return int(answer["data"]["text/plain"]) if answer["status"] == "ok" else 0

    async def died(self) -> None:
        """Returns once the kernel has died; raises OSError when its output cannot be written."""
        assert self._console is not None, "it has been started"
        writing = asyncio.ensure_future(self._console.failed())
        try:
            while await self._manager.is_alive():
                if (await asyncio.wait({writing}, timeout=_GLANCE))[0]:
                    writing.result()
        finally:
            writing.cancel()

    async def stop(self) -> None:
        """Shut the kernel down, and clean up after it."""
        if self._manager.has_kernel:
            await self._manager.shutdown_kernel()
        else:
            await self._manager.cleanup_resources()
        if self._console is not None:
            await self._console.close(_LAST_WORDS)
        if self._kernel is not None:
            self._kernel.stop_channels()


def _cell(number: int, cell: NotebookNode) -> str:
    """`number` counts code cells from 1, as JupyterLab does in Run All."""
    return f"cell {number} ({cell.source.strip().splitlines()[0][:60]})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
