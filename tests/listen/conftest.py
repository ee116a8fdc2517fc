"""A real `pfnb listen` as a process of its own, and a real program that it passes requests on to."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.live.hub import HubClient
from tests.live.served import TOKEN, served

SECONDS = 20.0


@dataclass
class Listening:
    process: Process

    async def line(self) -> str:
        assert self.process.stdout is not None
        line = (await asyncio.wait_for(self.process.stdout.readline(), SECONDS)).decode()
        assert line or self.process.stderr is None, (await self.process.stderr.read()).decode()
        return line.rstrip("\n")

    async def next(self, kind: str) -> dict[str, Any]:
        """The next object of standard output, which is of this kind."""
        told = json.loads(await self.line())
        assert told["type"] == kind, told
        return told

    async def until(self, text: str) -> str:
        """Everything up to the line that has this text."""
        lines = [await self.line()]
        while text not in lines[-1]:
            lines.append(await self.line())
        return "\n".join(lines)

    async def ended(self) -> tuple[int, str]:
        """Exit status and standard error."""
        assert self.process.stderr is not None
        status, said = await asyncio.wait_for(asyncio.gather(self.process.wait(), self.process.stderr.read()), SECONDS)
        return status, said.decode()


Listen = Callable[..., AbstractAsyncContextManager[Listening]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No hub is running for this user, as far as the environment tells."""
    foreign = ("PFNB_", "JUPYTER", "PYTHONWARNINGS", "COLUMNS", "LINES", "NO_COLOR")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    home = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "data")}
    return {**clean, **home, "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}


@pytest.fixture
def listen(environment: dict[str, str]) -> Listen:
    @asynccontextmanager
    async def started(*words: str, given: bytes = b"", **more: str) -> AsyncIterator[Listening]:
        """`given` is standard input, `more` is for the environment."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pfnb.cli", "listen", *words,
            stdin=PIPE, stdout=PIPE, stderr=PIPE, env={**environment, **more},
            limit=2**26,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()
        try:
            yield Listening(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    return started


async def send(url: str, method: str = "POST", **words: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
        return await client.request(method, url, **words)


@dataclass
class Got:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Program:
    """What requests are passed on to. `answers` are given one after the other, the last one from then on."""

    url: str
    got: list[Got] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=lambda: [(200, {}, b"")])


class ProgramServer(ThreadingHTTPServer):
    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), ProgramHandler)
        self.program = Program(f"http://127.0.0.1:{self.server_port}")


class ProgramHandler(BaseHTTPRequestHandler):
    server: ProgramServer

    def __getattr__(self, name: str) -> Any:
        """Any method is taken: `do_GET`, `do_PATCH`, …"""
        if name.startswith("do_"):
            return self._take
        raise AttributeError(name)

    def _take(self) -> None:
        program, body = self.server.program, self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        program.got.append(Got(self.command, self.path, headers, body))
        status, fields, data = program.answers.pop(0) if len(program.answers) > 1 else program.answers[0]
        self.send_response(status)
        for name, value in {**fields, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_told: object) -> None: ...


@contextmanager
def running_program(port: int = 0) -> Iterator[Program]:
    """A program on this port, 0 for a free one, for the block."""
    server = ProgramServer(port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.program
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def program() -> Iterator[Program]:
    with running_program() as made:
        yield made


@dataclass
class Known:
    """A hub that runs already, and the environment that names it."""

    client: HubClient
    environment: dict[str, str]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Known]:
    with served(tmp_path) as running, closing(running.client()) as client:
        yield Known(client, {"PFNB_URL": running.url, "PFNB_TOKEN": TOKEN})


def pi(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pfnb.pi.main", *words], env=environment, capture_output=True, text=True, check=False
    )
