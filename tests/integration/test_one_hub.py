"""Jupyter Servers of one user have one hub, in whatever sequence they start and end: no event is lost."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.live.cells import run_cell
from tests.live.environment import own_environment
from tests.live.hub import HubClient
from tests.live.jupyter_server import JupyterServer, jupyter_server

TOKEN = "one-hub-token"
LISTEN = """
import pfnb
@pfnb.on("webhook.{name}", name="{name}")
def heard(event): return f"{name} heard {{event.json()['n']}}"
print(pfnb.webhook("webhook.{name}").uuid)
"""

ANSWER = """
import pfnb
@pfnb.on("webhook.answers")
def answers(event):
    more = {"Set-Cookie": ["a=1", "b=2"], "X-Cookie": event.headers["cookie"]}
    return pfnb.Response(201, event.files[0], more)
print(pfnb.webhook("webhook.answers").uuid)
"""


class Servers:
    """Servers that share their data, each at a port of its own that it comes back to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = own_environment(folder)
        self.log = folder / "server.log"
        self._ports: dict[str, int] = {}
        self._stack = ExitStack()
        (folder / "notebooks").mkdir()

    def start(self, name: str, *, health: int = 200) -> JupyterServer:
        port = self._ports.setdefault(name, free_port())
        started = jupyter_server(self.folder / "notebooks", self.environment, TOKEN, self.log, port=port, health=health)
        return self._stack.enter_context(started)

    def hub(self, server: JupyterServer) -> HubClient:
        client = HubClient(server.hub_url, TOKEN)
        self._stack.callback(client.close)
        return client

    def notebook(self, server: JupyterServer, name: str) -> str:
        """A kernel of this server in which a pipeline of this name listens; the uuid of its webhook."""
        kernel = self._stack.enter_context(server.notebook_kernel(f"{name}.ipynb"))
        run_cell(kernel, "%load_ext pfnb")
        return str(run_cell(kernel, LISTEN.format(name=name))[-1]["text"]).split()[-1]

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    made = Servers(tmp_path)
    yield made
    made.close()
    assert "Traceback" not in made.log.read_text()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def send(hub: HubClient, uuid: str, n: int, **query: str) -> Any:
    answer = httpx.post(hub.receiver(uuid, **query), json={"n": n}, timeout=40, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ended(hub: HubClient, uuid: str) -> list[tuple[int, str]]:
    """What was sent, oldest first, and how its delivery ended."""
    rows = hub.command("webhook.receive.logs", uuid=uuid, limit=100)
    found = [(json.loads(base64.b64decode(row["body"]))["n"], row["deliveries"][0]["status"]) for row in rows]
    return found[::-1]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "kill", [pytest.param(False, id="stop", marks=pytest.mark.faults), pytest.param(True, id="kill -9")]
)
def test_a_server_that_has_joined_takes_over_and_gives_back_without_loss(servers: Servers, kill: bool) -> None:
    first, second = servers.start("first"), servers.start("second")
    hubs = [servers.hub(first), servers.hub(second)]
    a, b = servers.notebook(first, "a"), servers.notebook(second, "b")
    for number, hub in enumerate(hubs):
        assert send(hub, a, number, wait="true")["value"] == f"a heard {number}"
        assert send(hub, b, number, wait="true")["value"] == f"b heard {number}"
        assert {one["eventKey"] for one in hub.command("webhook.get")} == {"webhook.a", "webhook.b"}

    first.end(kill=kill)
    assert send(hubs[1], b, 2, wait="true")["value"] == "b heard 2"
    assert send(hubs[1], a, 2)["status"] == "running"  # its kernel is away

    first = servers.start("first")
    assert send(hubs[0], b, 3, wait="true")["value"] == "b heard 3"
    assert servers.notebook(first, "a") == a
    until(lambda: ended(hubs[0], a)[-1] == (2, "succeeded"))

    second.end(kill=kill)
    assert send(hubs[0], a, 3, wait="true")["value"] == "a heard 3"
    assert [n for n, _ in ended(hubs[0], a)] == [0, 1, 2, 3]
    assert ended(hubs[0], b) == [(n, "succeeded") for n in range(4)]
    assert not list(servers.folder.glob("data/pfnb-*"))


def test_all_addresses_and_methods_of_a_webhook_work_at_each_server(servers: Servers) -> None:
    hubs = [servers.hub(servers.start(name)) for name in ("first", "second")]
    made = hubs[0].command("webhook.put", eventKey="a.b", path="orders/{id}", public="true")
    with httpx.Client(trust_env=False, timeout=30) as sender:
        for number, hub in enumerate(hubs):
            for address in (f"hook/{made['uuid']}", "gateway/orders/%C3%A4"):
                assert sender.put(f"{hub.url}/{address}?n={number}").json()["status"] == "running"
                assert sender.head(f"{hub.url}/{address}").status_code == 200
                asked = sender.options(f"{hub.url}/{address}", headers={"Access-Control-Request-Method": "PUT"})
                assert asked.headers["access-control-allow-origin"] == "*"
                refused = sender.request("PROPFIND", f"{hub.url}/{address}")
                assert (refused.status_code, "PUT" in refused.headers["allow"]) == (405, True)
    rows = hubs[1].command("webhook.receive.logs", uuid=made["uuid"], limit=10)[::-1]
    assert [(row["query"]["n"], row.get("path")) for row in rows] == [
        (["0"], None),
        (["0"], {"id": "ä"}),
        (["1"], None),
        (["1"], {"id": "ä"}),
    ]
    assert made["uuid"] not in servers.log.read_text()


def test_servers_that_start_at_once_have_one_hub(servers: Servers) -> None:
    with ThreadPoolExecutor(3) as at_once:
        started = list(at_once.map(servers.start, "xyz"))
    hubs = [servers.hub(one) for one in started]
    uuid = hubs[0].command("webhook.put", eventKey="order.placed", payloadType="raw")["uuid"]
    for n, hub in enumerate(hubs):
        send(hub, uuid, n)
    for hub in hubs:
        assert hub.command("webhook.get")[0]["received"] == 3


def test_a_hub_that_is_frozen_is_not_taken_over_and_says_503(servers: Servers) -> None:
    first, second = servers.start("first"), servers.start("second")
    hub = servers.hub(second)
    uuid = hub.command("webhook.put", eventKey="order.placed", payloadType="raw")["uuid"]
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        answer = httpx.post(hub.receiver(uuid), json={"n": 1}, timeout=30, trust_env=False)
        assert answer.status_code == 503
        again = httpx.post(hub.receiver(uuid), json={"n": 2}, timeout=30, trust_env=False)
        assert (again.status_code, "Retry-After" in again.headers) == (503, True)
        assert f"process {first.process.pid} has it" in again.json()["statusMessage"]
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    until(lambda: httpx.post(hub.receiver(uuid), json={"n": 3}, timeout=30, trust_env=False).status_code == 200)
    assert hub.command("webhook.get")[0]["received"] >= 1


def test_a_file_that_a_killed_server_has_left_is_harmless(servers: Servers) -> None:
    """Its port may be a stranger's by now: nobody is asked there for anything before it has proven itself."""
    folder = servers.folder / "data" / "pfnb"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0.2)
        url = f"http://127.0.0.1:{stranger.getsockname()[1]}/pfnb"
        (folder / "serving.json").write_text(json.dumps({"url": url, "pid": os.getpid()}))
        hub = servers.hub(servers.start("first"))
        assert hub.command("webhook.get") == []
        with pytest.raises(TimeoutError):
            stranger.accept()
    assert json.loads((folder / "serving.json").read_text())["url"] != url
    assert (folder / "serving.json").stat().st_mode & 0o777 == 0o600


def test_a_database_that_cannot_be_used_is_said_in_a_sentence_and_the_hub_starts_once_it_is_mended(
    servers: Servers,
) -> None:
    database = servers.folder / "data" / "pfnb" / "pfnb.sqlite"
    database.parent.mkdir()
    database.write_bytes(b"no database" * 1_000)
    server = servers.start("first", health=503)
    unknown = servers.hub(server).receiver(str(uuid4()))
    answer = httpx.post(unknown, json={}, timeout=30, trust_env=False)
    assert answer.status_code == 503
    assert f"{database} cannot be used, since it is not a database: restore it" in answer.json()["statusMessage"]
    assert f"{database} cannot be used, since it is not a database" in servers.log.read_text()
    database.unlink()
    until(lambda: httpx.post(unknown, json={}, timeout=30, trust_env=False).status_code == 200)


def test_only_a_server_with_the_secret_may_speak_for_others(servers: Servers) -> None:
    first = servers.start("first")
    inner = json.loads((servers.folder / "data" / "pfnb" / "serving.json").read_text())["url"]
    forged = {"X-Pfnb-Vouched": "eyJsb2dpbiI6dHJ1ZX0=." + "0" * 64}
    for url in (first.hub_url, inner):
        answer = httpx.get(f"{url}/api/v3/command/webhook.get", headers=forged, trust_env=False)
        assert answer.status_code == 401
    proof = httpx.get(f"{inner}/api/v3/hub", params={"nonce": "n"}, headers=forged, trust_env=False)
    assert set(proof.json()) == {"proof", "ready"}


def test_whoever_knows_an_address_that_has_changed_is_heard_of(servers: Servers) -> None:
    first, second = servers.start("first"), servers.start("second")
    servers.hub(first).command("webhook.put", eventKey="order.placed")
    first.end(kill=True)
    with second.notebook_kernel("a.ipynb") as kernel:
        said = str(run_cell(kernel, "%load_ext pfnb"))
    assert f"the address of webhooks has changed from {first.hub_url} to {second.hub_url}" in said
    assert "1 webhook has received nothing since" in said
    assert f"changed from {first.hub_url}" in servers.log.read_text()


def test_an_answer_comes_through_another_server_as_it_was_set(servers: Servers) -> None:
    servers.start("first")
    second, data = servers.start("second"), os.urandom(3_000_000)
    with second.notebook_kernel("answers.ipynb") as kernel:
        run_cell(kernel, "%load_ext pfnb")
        uuid = str(run_cell(kernel, ANSWER)[-1]["text"]).split()[-1]
        for name in ("hook", "api/v3/command/webhook.receive"):
            answer = httpx.post(
                f"{second.hub_url}/{name}/{uuid}?wait=true",
                files={"file": ("a.html", data, "text/html")},
                headers={"Cookie": "a=0; username-127-0-0-1=secret; _xsrf=2"},
                trust_env=False,
                timeout=30,
            )
            assert (answer.status_code, answer.content, answer.headers["x-cookie"]) == (201, data, "a=0")
            assert answer.headers["content-security-policy"].startswith("sandbox allow-forms;")
            path = f"Path=/pfnb/{name}/{uuid}"
            assert answer.headers.get_list("set-cookie") == [f"a=1; {path}", f"b=2; {path}"]
