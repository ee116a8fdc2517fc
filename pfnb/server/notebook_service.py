"""`pfnb run`: a notebook as a service. Executes it, then keeps its kernel alive for its pipelines until stopped."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from pfnb.exceptions import NotebookError
from pfnb.hub.home import HubOptions
from pfnb.server.jupyterhub import Place
from pfnb.server.notebook_file import read_notebook, with_parameters, write_notebook
from pfnb.server.notebook_kernel import KernelDiedError, NotebookKernel
from pfnb.server.serve import say, serving, told_to_stop

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before a dead kernel is restarted, first and at most; doubled each time it soon dies again."""
STEADY = 60.0
"""Seconds of life after which earlier deaths of the kernel no longer count."""


@dataclass(frozen=True, slots=True)
class NotebookJob:
    """What to run: `timeout` is the most seconds that a cell may take, `output` the path of the executed copy."""

    notebook: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    output: Path | None = None
    timeout: float | None = None


def own_data_directory(notebook: Path) -> Path:
    """Where a notebook's own hub keeps its data: one folder for each notebook, away from files that users commit."""
    path = notebook.resolve()
    return user_data_path("pfnb") / "notebooks" / f"{path.stem}-{sha256(os.fsencode(path)).hexdigest()[:8]}"


async def run_with_own_hub(job: NotebookJob, options: HubOptions, *, port: int, token: str | None) -> None:
    """Run it with a hub of its own on this machine's port. Errors as `run_with_hub`; OSError, BusyError as `serve`."""
    stop = told_to_stop()
    async with serving(options, Place("127.0.0.1", port), token=token) as server:
        await _Service(job, server.url, server.token, stop).run()


async def run_with_hub(job: NotebookJob, url: str, token: str) -> None:
    """Run it with the hub at `url` until SIGINT or SIGTERM. NotebookError when a cell fails, or the notebook cannot run."""
    await _Service(job, url, token, told_to_stop()).run()


class _Service:
    def __init__(self, job: NotebookJob, url: str, token: str, stop: asyncio.Event) -> None:
        self._job = job
        self._stop = stop
        # The hub recognizes the notebook by this name, so that a new kernel takes over its pipelines and pending deliveries.
        name = str(job.notebook.resolve())
        hub = {"PFNB_URL": url, "PFNB_TOKEN": token, "PFNB_NOTEBOOK": name, "PFNB_LOG": "INFO"}
        # Otherwise each kernel start prints four lines of debugger advice.
        self._environment = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1", **hub}
        self._has_served = False

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        wait = FIRST_WAIT
        while not self._stop.is_set():
            began = loop.time()
            try:
                await self._serve()
            except KernelDiedError as death:
                if not self._has_served:
                    raise NotebookError(f"the kernel of {self._job.notebook} died {death}") from None
                if loop.time() - began > STEADY:
                    wait = FIRST_WAIT
                say(f"the kernel died {death}; it restarts in {wait:g} s")
                await self._until_stopped(asyncio.sleep(wait))
                wait = min(2 * wait, LONGEST_WAIT)

    async def _serve(self) -> None:
        """One kernel from start to end. KernelDiedError unless the service was stopped."""
        given = await asyncio.to_thread(read_notebook, self._job.notebook)
        notebook = with_parameters(given, self._job.parameters)
        kernel = NotebookKernel(notebook, self._job.notebook.resolve().parent, self._environment, self._job.timeout)
        try:
            if not await self._until_stopped(kernel.start()):
                return
            try:
                if not await self._until_stopped(kernel.execute()):
                    return
            finally:
                if self._job.output is not None:
                    await asyncio.to_thread(write_notebook, notebook, self._job.output)
            listening = await kernel.listening()
            say(f"serving {listening} pipeline{'s' * (listening != 1)} of {self._job.notebook}")
            self._has_served = True
            if await self._until_stopped(kernel.died()):
                raise KernelDiedError("while it was serving")
        finally:
            await kernel.stop()

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Whether the work finished before the service was stopped; stopping cancels it."""
        working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                return False
            working.result()
            return True
        finally:
            for task in (working, stopped):
                task.cancel()
            await asyncio.gather(working, stopped, return_exceptions=True)
