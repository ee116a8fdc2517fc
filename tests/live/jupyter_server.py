"""A real Jupyter Server of its own: own port, own token, own folders, ended with the block that started it."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from jupyter_client.blocking.client import BlockingKernelClient

START_SECONDS = 40
STOP_SECONDS = 15


class StartError(Exception):
    """The server ended, or did not answer in time."""


@dataclass(frozen=True)
class Way:
    """How a server is reached: its unix socket, if it has one; and what its certificate is checked by, and for which name."""

    socket: str | None = None
    trust: ssl.SSLContext | None = None
    name: str = ""

    def client(self, token: str = "") -> httpx.Client:
        verify = self.trust or True
        transport = httpx.HTTPTransport(uds=self.socket, verify=verify)
        headers = {"Authorization": f"token {token}"} if token else {}
        return _Client(self.name, transport=transport, headers=headers, timeout=30, trust_env=False)


PLAIN = Way()


class _Client(httpx.Client):
    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._name = name

    def request(self, *args: Any, **settings: Any) -> httpx.Response:
        if self._name:
            settings["extensions"] = {"sni_hostname": self._name}
        return super().request(*args, **settings)


@dataclass(frozen=True)
class JupyterServer:
    url: str
    token: str
    runtime: Path
    process: subprocess.Popen[bytes]
    way: Way = field(default=PLAIN)

    @property
    def hub_url(self) -> str:
        return f"{self.url}pfnb"

    def end(self, *, kill: bool = False) -> None:
        """May be called again."""
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @contextmanager
    def notebook_kernel(self, notebook: str) -> Iterator[BlockingKernelClient]:
        """The kernel of a session for this notebook, opened as JupyterLab opens it."""
        asked = {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "python3"}}
        with self.way.client(self.token) as http:
            answer = http.post(f"{self.url}api/sessions", json=asked)
            answer.raise_for_status()
            session = answer.json()
            try:
                with kernel_client(self.runtime / f"kernel-{session['kernel']['id']}.json") as client:
                    yield client
            finally:
                if self.process.poll() is None:
                    http.delete(f"{self.url}api/sessions/{session['id']}").raise_for_status()


@contextmanager
def jupyter_server(
    root: Path,
    environment: dict[str, str],
    token: str,
    log: Path,
    *,
    module: str = "jupyter_server",
    base_url: str = "/",
    options: Sequence[str] = (),
    port: int = 0,
    way: Way = PLAIN,
    health: int = httpx.codes.OK,
) -> Iterator[JupyterServer]:
    """Serves the notebooks below `root`; what the server says goes into `log`. With the module `jupyterlab` it has a face.
    `health` is what its hub answers once it has started."""
    command = [sys.executable, "-m", module, "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.base_url={base_url}", *options]
    command += [f"--ServerApp.port={port}"] if way.socket is None else [f"--ServerApp.sock={way.socket}"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
    server = None
    try:
        server = JupyterServer(_address(process, runtime, way, health), token, runtime, process, way)
        yield server
    finally:
        JupyterServer("", token, runtime, process).end()


@contextmanager
def kernel_client(connection_file: Path) -> Iterator[BlockingKernelClient]:
    """A client of a running kernel."""
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.start_channels()
    try:
        wait_for(client)
        yield client
    finally:
        client.stop_channels()


def wait_for(client: BlockingKernelClient) -> None:
    """On a busy machine the heart of a kernel that starts misses beats: the client takes it for dead, and is to look again."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.wait_for_ready(timeout=START_SECONDS)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def _address(process: subprocess.Popen[bytes], runtime: Path, way: Way, health: int) -> str:
    """The server's address, once its hub answers."""
    description = runtime / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + START_SECONDS
    with way.client() as http:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            # Until it serves, the file is missing or half written and the port refuses: look again.
            with suppress(FileNotFoundError, ConnectionRefusedError, json.JSONDecodeError, httpx.TransportError):
                told = json.loads(description.read_text())
                if way.socket is not None:
                    with socket.socket(socket.AF_UNIX) as first:  # httpx forgets to close one that is refused
                        first.connect(way.socket)
                place = "localhost" if way.socket else f"127.0.0.1:{told['port']}"
                url = f"{'https' if told['secure'] else 'http'}://{place}{told['base_url']}"
                status = http.get(f"{url}pfnb/healthz").status_code
                if status == health:
                    return url
                if status == httpx.codes.NOT_FOUND:
                    break  # The server is there, and pfnb is not in it.
            time.sleep(0.1)
    raise StartError("the Jupyter Server did not start with pfnb in it")
