"""A real JupyterHub: anonymous senders reach the notebooks of its users, in their own servers and through a shared service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.live.cells import run_cell
from tests.live.jupyterhub import PROXY, JupyterHub, jupyterhub, until

pytestmark = [
    pytest.mark.skipif(PROXY is None, reason="needs configurable-http-proxy: npm install -g configurable-http-proxy"),
    pytest.mark.timeout(240),
]
USER = "ada@example.org"
LISTEN = """import pfnb
seen = []

@pfnb.on("webhook.jupyterhub")
def lead(event):
    seen.append(event.json()["n"])
    return f"got {seen[-1]}"
"""
PUT = """hook = pfnb.webhook('webhook.jupyterhub')
print(hook.url)"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A short path: sockets of kernels have room for no other."""
    return tmp_path


@pytest.fixture
def own_servers(folder: Path) -> Iterator[JupyterHub]:
    with jupyterhub(folder, shared=False) as hub:
        yield hub


@pytest.fixture
def with_service(folder: Path) -> Iterator[JupyterHub]:
    with jupyterhub(folder, shared=True) as hub:
        yield hub


def post(url: str, number: int, **query: str) -> httpx.Response:
    address = httpx.URL(url).copy_merge_params(query)
    return httpx.post(address, json={"n": number}, timeout=60, trust_env=False)


def test_an_anonymous_webhook_reaches_the_notebook_through_the_proxy(own_servers: JupyterHub) -> None:
    with own_servers.server(USER) as server:
        with own_servers.kernel(server, "a.ipynb") as kernel:
            says = str(run_cell(kernel, "%load_ext pfnb"))
            assert f"reachable as {server}pfnb" in says
            run_cell(kernel, LISTEN)
            url = run_cell(kernel, PUT)[-1]["text"].strip()
            assert url.startswith(f"{server}pfnb/api/v3/command/webhook.receive?")
            assert post(url, 1, wait="true").json() == {"status": "finished", "statusCode": 200, "value": "got 1"}
        command = f"{server}pfnb/api/v3/command/webhook.get"
        assert own_servers.http.get(command).json()[0]["eventKey"] == "webhook.jupyterhub"
        assert httpx.get(command, trust_env=False).status_code in (401, 403)
    until(lambda: post(url, 2).status_code >= 400, 20)
    assert post(url, 2).status_code == httpx.codes.FORBIDDEN


def test_a_service_receives_while_no_server_runs(with_service: JupyterHub) -> None:
    with with_service.server(USER) as server, with_service.kernel(server, "a.ipynb") as kernel:
        says = str(run_cell(kernel, "%load_ext pfnb"))
        assert f"reachable as {with_service.url}services/pfnb" in says
        run_cell(kernel, LISTEN)
        url = run_cell(kernel, PUT)[-1]["text"].strip()
        assert url.startswith(f"{with_service.url}services/pfnb/")
        assert post(url, 1, wait="true").json()["value"] == "got 1"
        pid = int(run_cell(kernel, "import os; print(os.getpid())")[-1]["text"])
    until(lambda: not psutil.pid_exists(pid), 30)  # it outlives its server for a moment, and runs what comes
    assert post(url, 2).json()["status"] == "running"
    with with_service.server(USER) as server, with_service.kernel(server, "a.ipynb") as kernel:
        run_cell(kernel, "%load_ext pfnb")
        run_cell(kernel, LISTEN)
        until(lambda: run_cell(kernel, "print(seen)")[-1]["text"].strip() == "[2]", 30)
