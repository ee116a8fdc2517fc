"""A real Jupyter Server of its own: own port, own token, own folders, ended with the block that started it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from jupyter_client.blocking.client import BlockingKernelClient

START_SECONDS = 40
STOP_SECONDS = 15


class StartError(Exception):
    """The server ended, or did not answer in time."""


@dataclass(frozen=True)
class JupyterServer:
    url: str
    token: str
    runtime: Path

    @property
    def hub_url(self) -> str:
        return f"{self.url}pfnb"

    @contextmanager
    def notebook_kernel(self, notebook: str) -> Iterator[BlockingKernelClient]:
        """The kernel of a session for this notebook, opened as JupyterLab opens it."""
        asked = {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "python3"}}
        with httpx.Client(headers={"Authorization": f"token {self.token}"}, timeout=30, trust_env=False) as http:
            answer = http.post(f"{self.url}api/sessions", json=asked)
            answer.raise_for_status()
            session = answer.json()
            client = BlockingKernelClient(connection_file=str(self.runtime / f"kernel-{session['kernel']['id']}.json"))
            client.load_connection_file()
            client.start_channels()
            try:
                client.wait_for_ready(timeout=START_SECONDS)
                yield client
            finally:
                client.stop_channels()
                http.delete(f"{self.url}api/sessions/{session['id']}").raise_for_status()


@contextmanager
def jupyter_server(
    root: Path, environment: dict[str, str], token: str, log: Path, *, module: str = "jupyter_server"
) -> Iterator[JupyterServer]:
    """Serves the notebooks below `root`; what the server says goes into `log`. With the module `jupyterlab` it has a face."""
    command = [sys.executable, "-m", module, "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += ["--ServerApp.port=0", f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
        yield JupyterServer(_address(process, runtime), token, runtime)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], runtime: Path) -> str:
    """The server's address, once its hub answers."""
    description = runtime / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        # Until it serves, the file is missing or half written and the port refuses: look again.
        with suppress(FileNotFoundError, json.JSONDecodeError, httpx.TransportError):
            url = f"http://127.0.0.1:{json.loads(description.read_text())['port']}/"
            status = httpx.get(f"{url}pfnb/healthz", trust_env=False).status_code
            if status == httpx.codes.OK:
                return url
            if status == httpx.codes.NOT_FOUND:
                break  # The server is there, and pfnb is not in it.
        time.sleep(0.1)
    raise StartError("the Jupyter Server did not start with pfnb in it")
