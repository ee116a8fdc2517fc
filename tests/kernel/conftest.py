"""A real ipykernel in a process of its own, whose cells tests run one after the other or queue."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import urlsplit

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

CELL_SECONDS = 30.0


@dataclass
class Cell:
    """What a cell did: the status of its reply and the messages that belong to it, in order."""

    status: str
    messages: list[dict[str, Any]] = field(repr=False)

    @property
    def stdout(self) -> str:
        return self._stream("stdout")

    @property
    def stderr(self) -> str:
        return self._stream("stderr")

    @property
    def value(self) -> str:
        """The text of the cell's result."""
        results = [one["content"] for one in self.messages if one["msg_type"] == "execute_result"]
        return results[-1]["data"]["text/plain"] if results else ""

    @property
    def displays(self) -> list[dict[str, Any]]:
        return [one["content"]["data"] for one in self.messages if one["msg_type"] == "display_data"]

    @property
    def updates(self) -> list[dict[str, Any]]:
        return [one["content"]["data"] for one in self.messages if one["msg_type"] == "update_display_data"]

    @property
    def error(self) -> str:
        """The traceback as it is shown."""
        errors = [one["content"] for one in self.messages if one["msg_type"] == "error"]
        return "\n".join(errors[-1]["traceback"]) if errors else ""

    def _stream(self, name: str) -> str:
        streams = [one["content"] for one in self.messages if one["msg_type"] == "stream"]
        return "".join(stream["text"] for stream in streams if stream["name"] == name)


class LiveKernel:
    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client
        self.messages: dict[str, list[dict[str, Any]]] = {}

    def run(self, code: str) -> Cell:
        """Run a cell to its end. ipykernel before version 7 aborts what comes while it deals with an error: then once more."""
        cell = self.result(self.submit(code))
        return self.result(self.submit(code)) if cell.status == "aborted" else cell

    def ok(self, code: str) -> Cell:
        """Run a cell that must not fail."""
        cell = self.run(code)
        assert cell.status == "ok", cell.error or cell.stderr
        return cell

    def submit(self, code: str) -> str:
        """Queue a cell; its id."""
        return str(self.client.execute(code))

    def result(self, cell: str) -> Cell:
        """Wait until a queued cell has ended and all its output is here."""
        reply = self._reply(cell)
        self.collect(lambda: any(_is_idle(message) for message in self.messages.get(cell, [])))
        return Cell(reply["content"]["status"], self.messages.get(cell, []))

    def until(self, cell: str, condition: Callable[[Cell], bool]) -> Cell:
        """Wait for output of a cell that may have ended long ago."""
        self.collect(lambda: condition(Cell("", self.messages.get(cell, []))))
        return Cell("", self.messages[cell])

    def collect(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + CELL_SECONDS
        while not condition():
            try:
                message = self.client.get_iopub_msg(timeout=0.1)
            except Empty:
                assert time.monotonic() < end, "the output that was waited for did not come"
                continue
            self.messages.setdefault(message["parent_header"].get("msg_id", ""), []).append(message)

    def _reply(self, cell: str) -> dict[str, Any]:
        while True:
            reply = self.client.get_shell_msg(timeout=CELL_SECONDS)
            if reply["parent_header"].get("msg_id") == cell:
                return reply


def _is_idle(message: dict[str, Any]) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


@contextmanager
def running_kernel(folder: Path, env: dict[str, str]) -> Iterator[LiveKernel]:
    manager = KernelManager(kernel_name="python3")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PFNB_")}
    manager.start_kernel(env={**clean, **env}, cwd=str(folder))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=CELL_SECONDS)
        yield LiveKernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def start_kernel(tmp_path: Path) -> Iterator[Callable[..., LiveKernel]]:
    """Starts kernels, with more of an environment; they end with the test."""
    with ExitStack() as stack:
        yield lambda **env: stack.enter_context(running_kernel(tmp_path, env))


@pytest.fixture
def kernel(start_kernel: Callable[..., LiveKernel]) -> LiveKernel:
    """A kernel with pfnb and a hub of its own."""
    kernel = start_kernel()
    kernel.ok("%load_ext pfnb\nimport pfnb")
    return kernel


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKernel]:
    """The same for all tests of a module, which use event keys and names of their own."""
    with running_kernel(tmp_path_factory.mktemp("notebook"), {}) as kernel:
        kernel.ok("%load_ext pfnb\nimport pfnb")
        yield kernel


@pytest.fixture
def new_wire() -> type[Wire]:
    return Wire


class Wire:
    """Passes bytes on to the hub until it is cut; a cut wire refuses connections until it is mended."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._port = 0
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}{self._target.path}"

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def freeze(self) -> None:
        """Pass nothing on, and let neither end know."""
        self._flowing.clear()

    async def cut(self) -> None:
        self._server.close()
        self._flowing.set()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_hub = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers += [writer, to_hub[1]]
        await asyncio.gather(self._pass_on(reader, to_hub[1]), self._pass_on(to_hub[0], writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()
