"""The main job, in a real Jupyter Server with real kernels: a webhook reaches the notebook that listens, whatever it is doing."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from pfnb.exceptions import NotAuthenticatedError
from pfnb.pi.address import FoundHub
from pfnb.pi.client import HttpClient
from tests.live.cells import CellError, run_cell
from tests.live.environment import own_environment
from tests.live.hub import HubClient
from tests.live.jupyter_server import JupyterServer, jupyter_server, wait_for

TOKEN = "integration-test-token"

COLLECT = """
import pfnb
seen = []

@pfnb.command("test.collect")
def collect(event):
    seen.append(event.json()["n"])
    return {"collected": event.json()["n"]}
"""
LISTEN = """%%pipeline lead
pipeline:
  - event.listen: {eventKey: order.*}
  - test.collect
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jupyter")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[JupyterServer]:
    (folder / "notebooks").mkdir()
    environment = own_environment(folder)
    with jupyter_server(folder / "notebooks", environment, TOKEN, folder / "server.log") as started:
        yield started


@pytest.fixture
def hub(server: JupyterServer) -> Iterator[HubClient]:
    client = HubClient(server.hub_url, TOKEN)
    yield client
    client.close()


def test_a_wrong_token_on_the_command_line_is_named_as_the_cause(server: JupyterServer) -> None:
    with pytest.raises(NotAuthenticatedError, match="does not know this token: use its own"):
        HttpClient(FoundHub(server.hub_url, "wrong")).command("webhook.get", {})


@pytest.fixture
def receive(hub: HubClient) -> Callable[..., httpx.Response]:
    """Calls a fresh webhook that fires order.placed."""
    uuid = hub.command("webhook.put", eventKey="order.placed", payloadType="raw")["uuid"]

    def call(number: int, **query: str) -> httpx.Response:
        return httpx.post(hub.receiver(uuid, **query), json={"n": number}, timeout=30, trust_env=False)

    return call


@pytest.fixture(scope="module")
def cleaner(server: JupyterServer) -> Iterator[BlockingKernelClient]:
    with server.notebook_kernel("cleaner.ipynb") as kernel:
        run_cell(kernel, "%load_ext pfnb\nfrom pfnb.kernel.notebook import *\n")
        yield kernel


@pytest.fixture
def opened(server: JupyterServer, cleaner: BlockingKernelClient) -> Iterator[Callable[[str], BlockingKernelClient]]:
    """Opens a notebook as JupyterLab does; all are closed afterwards, and their pipelines deleted."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(server.notebook_kernel(path))
    run_cell(
        cleaner,
        "ip = get_ipython()\n"
        "for name in [one['name'] for one in ip.run_line_magic('pipeline', 'list')]:\n"
        "    ip.run_line_magic('pipeline', f'delete {name}')",
    )


def listening(kernel: BlockingKernelClient, *, cell: str = LISTEN) -> None:
    run_cell(kernel, "%load_ext pfnb")
    run_cell(kernel, COLLECT)
    run_cell(kernel, cell)


def value(kernel: BlockingKernelClient, expression: str) -> Any:
    outputs = run_cell(kernel, f"print(repr({expression}))")
    return eval(outputs[-1]["text"])


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def test_a_kernel_finds_the_servers_hub_by_itself_and_answers_the_caller(
    opened: Callable[[str], BlockingKernelClient], receive: Callable[..., httpx.Response], server: JupyterServer
) -> None:
    kernel = opened("a.ipynb")
    says = run_cell(kernel, "%load_ext pfnb")
    assert server.hub_url.removeprefix("http://127.0.0.1") in str(says).replace("localhost", "")
    listening(kernel)
    answer = receive(7, wait="true")
    assert answer.json() == {"status": "finished", "statusCode": 200, "value": {"collected": 7}}
    assert value(kernel, "seen") == [7]


def test_a_kernel_that_computes_neither_stops_the_receiver_nor_its_own_pipeline(
    opened: Callable[[str], BlockingKernelClient], receive: Callable[..., httpx.Response]
) -> None:
    kernel = opened("a.ipynb")
    listening(kernel)
    kernel.execute("x = 0\nwhile len(seen) < 5: x += 1", reply=False)
    for number in range(5):
        assert receive(number, wait="true").json()["value"] == {"collected": number}
    assert value(kernel, "seen") == [0, 1, 2, 3, 4]


def test_what_comes_while_the_kernel_restarts_waits_for_it_and_comes_in_order(
    opened: Callable[[str], BlockingKernelClient],
    receive: Callable[..., httpx.Response],
    server: JupyterServer,
) -> None:
    kernel = opened("a.ipynb")
    listening(kernel)
    restart(server, kernel)
    for number in range(10):
        assert receive(number).json()["status"] == "running"
    listening(kernel)
    until(lambda: len(value(kernel, "seen")) == 10)
    assert value(kernel, "seen") == list(range(10))


def test_what_comes_while_the_notebook_is_closed_waits_until_it_is_opened_again(
    server: JupyterServer,
    opened: Callable[[str], BlockingKernelClient],
    receive: Callable[..., httpx.Response],
) -> None:
    with server.notebook_kernel("b.ipynb") as kernel:
        listening(kernel)
        assert receive(0, wait="true").json()["value"] == {"collected": 0}
    for number in range(1, 6):
        receive(number)
    again = opened("b.ipynb")
    listening(again)
    until(lambda: len(value(again, "seen")) == 5)
    assert value(again, "seen") == [1, 2, 3, 4, 5]


def test_a_run_that_takes_its_kernel_down_is_repeated_by_the_next_kernel(
    server: JupyterServer, opened: Callable[[str], BlockingKernelClient], hub: HubClient, tmp_path: Path
) -> None:
    uuid = hub.command("webhook.put", eventKey="order.placed", payloadType="raw")["uuid"]
    deadly = COLLECT.replace(
        "    seen.append",
        f"    import os, pathlib, signal\n    marker = pathlib.Path({str(tmp_path / 'died')!r})\n"
        "    if not marker.exists():\n        marker.touch()\n        os.kill(os.getpid(), signal.SIGKILL)\n    seen.append",
    )
    kernel = opened("a.ipynb")
    run_cell(kernel, "%load_ext pfnb")
    run_cell(kernel, deadly)
    run_cell(kernel, LISTEN)
    httpx.post(hub.receiver(uuid), json={"n": 1}, trust_env=False)
    until((tmp_path / "died").exists)
    restart(server, kernel)
    listening(kernel)
    until(lambda: value(kernel, "seen") == [1])
    until(lambda: hub.command("webhook.receive.logs", uuid=uuid)[0]["deliveries"][0]["status"] == "succeeded")
    assert hub.command("webhook.receive.logs", uuid=uuid)[0]["deliveries"][0]["attempts"] == 2


def test_what_waits_survives_kill_9_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    environment = own_environment(tmp_path)
    start = partial(jupyter_server, tmp_path / "notebooks", environment, TOKEN, tmp_path / "server.log")
    with start() as first:
        hub = HubClient(first.hub_url, TOKEN)
        uuid = hub.command("webhook.put", eventKey="order.placed", payloadType="raw")["uuid"]
        with first.notebook_kernel("a.ipynb") as kernel:
            listening(kernel)
        for number in range(3):
            httpx.post(hub.receiver(uuid), json={"n": number}, trust_env=False)
        hub.close()
        (description,) = first.runtime.glob("jpserver-*.json")
        os.kill(json.loads(description.read_text())["pid"], signal.SIGKILL)
    description.unlink()
    with start() as second, second.notebook_kernel("a.ipynb") as kernel:
        listening(kernel)
        until(lambda: value(kernel, "seen") == [0, 1, 2])


def test_another_notebook_cannot_take_a_pipelines_name_but_by_replace(
    opened: Callable[[str], BlockingKernelClient], receive: Callable[..., httpx.Response]
) -> None:
    first, second = opened("a.ipynb"), opened("b.ipynb")
    listening(first)
    run_cell(second, "%load_ext pfnb")
    run_cell(second, COLLECT)
    with pytest.raises(CellError, match=r"a\.ipynb") as refused:
        run_cell(second, LISTEN)
    assert "--replace" in str(refused.value)
    assert "Traceback" not in str(refused.value)
    run_cell(second, LISTEN.replace("lead", "lead --replace", 1))
    receive(1, wait="true")
    assert (value(first, "seen"), value(second, "seen")) == ([], [1])


def test_two_kernels_of_one_server_have_sessions_of_their_own(
    opened: Callable[[str], BlockingKernelClient], receive: Callable[..., httpx.Response]
) -> None:
    first, second = opened("a.ipynb"), opened("b.ipynb")
    listening(first)
    listening(second, cell=LISTEN.replace("pipeline lead", "pipeline other"))
    receive(3, wait="true")
    until(lambda: value(first, "seen") == [3] and value(second, "seen") == [3])


def test_the_hub_is_behind_jupyters_own_authentication(server: JupyterServer) -> None:
    command = f"{server.hub_url}/api/v3/command/"
    with httpx.Client(trust_env=False) as stranger:
        assert stranger.get(f"{command}webhook.get").status_code in (401, 403)
        assert stranger.get(f"{command}webhook.get", params={"token": TOKEN}).status_code in (401, 403)
        received = stranger.post(f"{command}webhook.receive", params={"token": TOKEN}, json={})
        assert received.status_code == 200
        assert "set-cookie" not in received.headers


def test_a_refused_caller_that_would_change_something_reads_why(server: JupyterServer, folder: Path) -> None:
    address = f"{server.hub_url}/api/v3/pipeline"
    with httpx.Client(trust_env=False) as stranger:
        answer = stranger.post(address, content="pipeline: []", headers={"Authorization": "token wrong"})
        assert (answer.status_code, "does not know this token" in answer.json()["statusMessage"]) == (401, True)
        until(lambda: any("login.failed" in log.read_text() for log in folder.rglob("audit*")))
        answer = stranger.post(address, content="pipeline: []")
        assert (answer.status_code, "send `Authorization: token" in answer.json()["statusMessage"]) == (403, True)


def test_names_and_passwords_are_taken_as_curl_sends_them(server: JupyterServer, hub: HubClient) -> None:
    owner = hub.command("iam.authinfo")["username"]
    hub.command("iam.user.create", username="grace", password="correct horse", roleNames="CAN_PIPE_%")
    with httpx.Client(base_url=f"{server.hub_url}/api/v3/command/", trust_env=False) as client:
        token = client.post("iam.apitoken", params={"username": "grace"}, auth=(owner, TOKEN)).text
        for login in ((owner, TOKEN), ("grace", "correct horse"), ("grace", token)):
            assert client.get("iam.authinfo", auth=login).json()["username"] == login[0]
            assert client.post("webhook.put", params={"eventKey": "a.b"}, auth=login).json()["owner"] == login[0]
        for login in (("grace", TOKEN), (owner, token), ("grace", "wrong horse")):
            answer = client.post("webhook.put", params={"eventKey": "a.b"}, auth=login)
            assert (answer.status_code, answer.headers["WWW-Authenticate"][:6]) == (401, "Basic "), login


def test_a_password_makes_no_cookie_count(server: JupyterServer) -> None:
    with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True) as browser:
        browser.get("login", params={"token": TOKEN})
        browser.get("tree", params={"token": TOKEN})
        put = "pfnb/api/v3/command/webhook.put?eventKey=a.b"
        xsrf = {"X-XSRFToken": browser.cookies["_xsrf"]}
        assert browser.post(put, auth=("eve", "guess")).status_code == 401
        assert browser.post(put, auth=("eve", "guess"), headers={"Origin": "https://evil.example"}).status_code == 403
        proxys = {"User-Agent": "Mozilla/5.0", **xsrf}
        assert browser.post(put, auth=("of", "a proxy"), headers=proxys).status_code == 200


def test_a_cookie_alone_changes_nothing_by_get_or_without_xsrf(server: JupyterServer) -> None:
    with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True) as browser:
        browser.get("login", params={"token": TOKEN})
        browser.get("tree", params={"token": TOKEN})
        command = "pfnb/api/v3/command/"
        assert browser.get(f"{command}webhook.get").status_code == 200
        assert browser.get(f"{command}webhook.put", params={"eventKey": "a.b"}).status_code == 403
        assert browser.post(f"{command}webhook.put", params={"eventKey": "a.b"}).status_code == 403
        xsrf = {"X-XSRFToken": browser.cookies["_xsrf"]}
        assert browser.post(f"{command}webhook.put", params={"eventKey": "a.b"}, headers=xsrf).status_code == 200


def test_the_servers_log_has_no_uuid(server: JupyterServer, hub: HubClient, folder: Path) -> None:
    uuid = hub.command("webhook.put", eventKey="a.b")["uuid"]
    httpx.request("TRACE", hub.receiver(uuid), trust_env=False)
    httpx.post(hub.receiver(uuid), content=b"x" * 27_000_000, trust_env=False)
    log = folder / "server.log"
    until(lambda: log.read_text().count("webhook.receive?uuid=") >= 2)
    assert uuid not in log.read_text()
    assert f"uuid=…{uuid[-6:]}" in log.read_text()


def restart(server: JupyterServer, kernel: BlockingKernelClient) -> None:
    kernel_id = Path(kernel.connection_file).stem.removeprefix("kernel-")
    answer = httpx.post(
        f"{server.url}api/kernels/{kernel_id}/restart",
        headers={"Authorization": f"token {TOKEN}"},
        timeout=60,
        trust_env=False,
    )
    answer.raise_for_status()
    wait_for(kernel)


def test_a_notebook_is_saved_with_secrets_masked_in_its_outputs_and_a_warning_of_those_in_its_cells(
    server: JupyterServer, hub: HubClient, folder: Path
) -> None:
    shown, written = (hub.command("webhook.put", eventKey="order.placed")["uuid"] for _ in range(2))
    output = {"output_type": "stream", "name": "stdout", "text": [f"https://h/x?uuid={shown}&wait=true\n"]}
    cell = {"cell_type": "code", "execution_count": 1, "id": "a", "metadata": {}, "outputs": [output]}
    content = {"cells": [{**cell, "source": f"uuid = '{written}'"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    saved = httpx.put(
        f"{server.url}api/contents/leaky.ipynb",
        json={"type": "notebook", "content": content},
        headers={"Authorization": f"token {TOKEN}"},
        trust_env=False,
    )
    assert saved.status_code == 201, saved.text
    text = (folder / "notebooks" / "leaky.ipynb").read_text()
    assert shown not in text
    assert f"uuid=…{shown[-6:]}&wait=true" in text
    assert written in text
    log = (folder / "server.log").read_text()
    assert f"leaky.ipynb has the secret of webhook …{written[-6:]}" in log
    assert shown not in log
    assert written not in log


def test_the_schema_and_the_openapi_document_are_for_whoever_may_come_in(server: JupyterServer) -> None:
    for name in ("pipeline.schema.json", "openapi.json"):
        url = f"{server.hub_url}/api/v3/{name}"
        assert httpx.get(url, trust_env=False).status_code == 401
        answer = httpx.get(url, headers={"Authorization": f"token {TOKEN}"}, trust_env=False)
        assert answer.status_code == 200
        assert answer.json()


def test_a_stored_pipeline_listens_in_a_jupyter_server_without_any_notebook(hub: HubClient) -> None:
    path = "global/app/demo/pipeline/stored"
    text = "pipeline:\n- event.listen: {key: stored.lead}\n- body.set: 'Hello #{body.payload.name}'\n"
    hub.command("pipeline.put", path=path, value=text)
    uuid = hub.command("webhook.put", eventKey="stored.lead", payloadType="raw")["uuid"]
    sent = httpx.post(hub.receiver(uuid, wait="true"), json={"name": "Ada"}, timeout=30, trust_env=False)
    assert sent.json()["value"] == "Hello Ada"
    hub.command("pipeline.delete", path=path)
