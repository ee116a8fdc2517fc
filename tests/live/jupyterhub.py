"""A real JupyterHub: its proxy, single-user servers, and pfnb as one of its services."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from jupyter_client.blocking.client import BlockingKernelClient

from tests.live.environment import own_environment
from tests.live.jupyter_server import kernel_client

PROXY = shutil.which("configurable-http-proxy")
START_SECONDS = 60
STOP_SECONDS = 20
TOKEN = "jupyterhub-test-token"

CONFIG = """
import os
c = get_config()
load_subconfig({example!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/"
c.JupyterHub.public_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.pid_file = {folder!r} + "/proxy.pid"
c.JupyterHub.db_url = "sqlite:///{folder}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = {folder!r} + "/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {folder!r} + "/home-{{username}}"
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.http_timeout = c.Spawner.start_timeout = {seconds}
if not {shared!r}:
    c.JupyterHub.services, c.Spawner.environment = [], {{}}
c.JupyterHub.services.append({{"name": "test", "api_token": {token!r}}})
c.JupyterHub.load_roles = [{{"name": "test", "services": ["test"], "scopes": [
    "admin:users", "admin:servers", "access:servers", "access:services"]}}]
"""


@dataclass(frozen=True)
class JupyterHub:
    url: str
    folder: Path
    http: httpx.Client

    @contextmanager
    def server(self, user: str) -> Iterator[str]:
        """This user's own server, started for the block; yields its address, such as `http://…/user/ada/`."""
        api = f"{self.url}hub/api/users/{user}"
        self.http.post(api)
        self.http.post(f"{api}/server").raise_for_status()
        until(lambda: self.http.get(api).json()["servers"].get("", {}).get("ready"), START_SECONDS)
        try:
            yield f"{self.url}user/{user}/"
        finally:
            self.http.delete(f"{api}/server").raise_for_status()
            until(lambda: not self.http.get(api).json()["servers"], STOP_SECONDS)

    @contextmanager
    def kernel(self, server: str, notebook: str) -> Iterator[BlockingKernelClient]:
        asked = {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "python3"}}
        answer = self.http.post(f"{server}api/sessions", json=asked)
        answer.raise_for_status()
        file = f"kernel-{answer.json()['kernel']['id']}.json"
        found: list[Path] = []
        until(lambda: found.extend(self.folder.glob(f"home-*/.local/share/jupyter/runtime/{file}")) or found, 10)
        with kernel_client(found[0]) as client:
            yield client


def until(condition: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.1)


@contextmanager
def jupyterhub(folder: Path, *, shared: bool) -> Iterator[JupyterHub]:
    """JupyterHub with the example configuration of the docs; with `shared`, all notebooks use its service."""
    port, hub_port, api_port, service_port = free_ports(4)
    config = folder / "jupyterhub_config.py"
    example = Path(__file__).parents[2] / "docs" / "jupyterhub" / "jupyterhub_config.py"
    config.write_text(
        CONFIG.format(
            example=str(example), port=port, hub_port=hub_port, api_port=api_port, proxy=PROXY, folder=str(folder),
            python=sys.executable, seconds=START_SECONDS, token=TOKEN, shared=shared,
        )
    )  # fmt: skip
    environment = own_environment(folder) | {
        "PFNB_SERVICE_PORT": str(service_port),
        "PFNB_SERVICE_DATA": str(folder / "service"),
        "PFNB_TOKEN": "service-token",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    log = folder / "jupyterhub.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(headers={"Authorization": f"token {TOKEN}"}, timeout=START_SECONDS, trust_env=False) as http:
            hub = JupyterHub(f"http://127.0.0.1:{port}/", folder, http)
            until(lambda: _answers(hub, process, log), START_SECONDS)
            yield hub
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, for programs that cannot choose one themselves."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _answers(hub: JupyterHub, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    with suppress(httpx.TransportError, json.JSONDecodeError):
        return hub.http.get(f"{hub.url}hub/api").status_code == httpx.codes.OK
    return False
