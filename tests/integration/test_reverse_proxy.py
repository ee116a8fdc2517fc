"""The configurations in docs/reverse-proxy.md, in real proxies with certificates: webhooks are reachable, and nothing else is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.live.hub import HubClient
from tests.live.jupyterhub import free_ports
from tests.live.proxies import NAME, Certificate, caddy, certificate, is_missing, nginx
from tests.live.served import TOKEN, served
from tests.reference.pages import DOCS

PAGE = (DOCS / "reverse-proxy.md").read_text()
Proxy = Callable[[Path, str, int], AbstractContextManager[None]]
PROXIES: dict[str, Proxy] = {"nginx": nginx, "caddyfile": caddy}

DETOURS = [
    "/api/v3/command/hub.status",
    "//api/v3/command/hub.status",
    "/hook/../api/v3/command/hub.status",
    "/hook/%2e%2e/api/v3/command/hub.status",
    "/hook/..%2fapi/v3/command/hub.status",
    "/api/v3/command/webhook.receive/..%2fhub.status",
    "/api/v3/command/hub.status/../webhook.receive",
    "/api/v3/command/hub.status%2f..%2fwebhook.receive",
]
"""Ways to a command that is not for senders."""


@dataclass(frozen=True)
class Way:
    """A hub behind a proxy: its public address, its owner, and whom senders trust."""

    url: str
    owner: HubClient
    files: Certificate
    data_dir: Path

    def sender(self) -> httpx.Client:
        return httpx.Client(verify=self.files.trust, trust_env=False, timeout=30)

    def doctor(self, **environment: str) -> tuple[int, dict[str, dict[str, str]]]:
        """Its exit status, and its findings by their names."""
        done = subprocess.run(
            [sys.executable, "-m", "pfnb.cli", "doctor", "--json", "--data-dir", str(self.data_dir)],
            env={**os.environ, **self.files.environment, **environment}, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, {one["name"]: one for one in json.loads(done.stdout)}


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@contextmanager
def behind(proxy: str, folder: Path, change: Callable[[str], str] = str) -> Iterator[Way]:
    """The configuration of the page, with the test's ports, name and certificate in place of the page's."""
    program = proxy.removesuffix("file")
    if is_missing(program):
        pytest.skip(f"{program} is not installed (sudo apt install {program})")
    files = certificate(folder)
    (port, receive_port) = free_ports(2)
    url = f"https://{NAME}:{port}/pfnb"
    text = change(block(proxy)).replace("127.0.0.1:8900", f"127.0.0.1:{receive_port}")
    if program == "nginx":
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("hooks.example.org;", f"{NAME};")
        text = re.sub(r"(ssl_certificate(?:_key)?) \S+;", lambda line: f"{line[1]} {_file(line[1], files)};", text)
    else:
        text = text.replace(
            "hooks.example.org {", f"https://{NAME}:{port} {{\n\tbind 127.0.0.1\n\ttls {files.chain} {files.key}"
        )
    with (
        served(folder, "--receive-port", str(receive_port), "--public-url", url) as hub,
        closing(hub.client()) as owner,
        PROXIES[proxy](folder, text.replace("127.0.0.1:8899", hub.netloc), port),
    ):
        (hub.data_dir / "token").write_text(TOKEN)
        (hub.data_dir / "token").chmod(0o600)
        yield Way(url, owner, files, hub.data_dir)


def _file(directive: str, files: Certificate) -> Path:
    return files.key if directive.endswith("_key") else files.chain


@pytest.mark.parametrize("proxy", PROXIES)
def test_webhooks_are_reachable_behind_a_proxy_and_nothing_else_is(proxy: str, tmp_path: Path) -> None:
    with behind(proxy, tmp_path) as way, way.sender() as sender:
        webhook = way.owner.command("webhook.put", eventKey="order.placed", payloadType="raw")
        assert webhook["webhookUrl"].startswith(way.url)
        sent = sender.post(webhook["webhookUrl"], json={"id": 1})
        assert (sent.status_code, sent.json()["status"]) == (200, "running")
        assert sender.post(webhook["pathUrl"], json={"id": 2}).json()["status"] == "running"
        own = way.owner.command("webhook.put", eventKey="order.placed", path="orders/{id}", public="true")
        assert sender.post(own["webhookUrl"].replace("{id}", "7"), json={}).json()["status"] == "running"
        for one, count in ((webhook, 2), (own, 1)):
            assert way.owner.command("webhook.get", uuid=one["uuid"])[0]["received"] == count
        large = sender.post(webhook["webhookUrl"], content=b"x" * (25 * 1024**2))
        assert large.status_code == 200
        sender.headers["Authorization"] = f"Bearer {TOKEN}"
        for path in ("", "/", "/healthz", *(f"/api/v3/{name}" for name in ("session", "pipeline", "openapi.json"))):
            assert sender.post(f"{way.url}{path}").status_code == 404, path
        for path in DETOURS:
            answer = sender.post(f"{way.url}{path}")
            assert answer.status_code in (400, 404) or answer.json()["status"] == "running", path
            assert "durable" not in answer.text


@pytest.mark.parametrize("proxy", PROXIES)
def test_the_doctor_finds_nothing_wrong_behind_a_proxy_of_the_page(proxy: str, tmp_path: Path) -> None:
    with behind(proxy, tmp_path) as way:
        way.owner.command("webhook.put", eventKey="order.placed", path="orders/{id}", public="true")
        status, found = way.doctor()
        levels = {name: one["level"] for name, one in found.items()}
        assert status == 0, found
        # This machine's own name is private, and a test has no proxy with another address.
        assert {name for name, level in levels.items() if level != "ok"} <= {"dns", "senders", "jupyter"}, found
        made = {"hub", "version", "data", "disk", "https", "dns", "outside", "certificate", "clock", "paths", "size"}
        assert made | {"browsers", "signatures"} <= levels.keys()
        assert [one["eventKey"] for one in way.owner.command("webhook.get")] == ["order.placed"]


def test_the_doctor_says_that_a_proxys_limit_is_too_low(tmp_path: Path) -> None:
    with behind(
        "nginx", tmp_path, lambda text: text.replace("client_max_body_size 25m", "client_max_body_size 1m")
    ) as way:
        status, found = way.doctor()
        assert status == 1
        assert found["size"]["level"] == "problem"
        assert "client_max_body_size 25m" in found["size"]["mend"]


def test_the_doctor_says_that_a_certificate_is_not_trusted(tmp_path: Path) -> None:
    with behind("nginx", tmp_path) as way:
        status, found = way.doctor(SSL_CERT_FILE="/dev/null")
        assert status == 1
        assert "certificate is not valid" in found["outside"]["what"]
        assert "Caddy gets one" in found["outside"]["mend"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("return 404;", "answers 404, but nothing arrives"),
        ("return 301 https://other.example.org$uri;", "redirects (301)"),
    ],
)
def test_the_doctor_says_that_a_proxy_leads_elsewhere(rule: str, said: str, tmp_path: Path) -> None:
    def change(text: str) -> str:
        return re.sub(r"proxy_pass [^;]+;", rule, text)

    with behind("nginx", tmp_path, change) as way:
        status, found = way.doctor()
        assert status == 1
        assert said in found["outside"]["what"]
        assert way.owner.command("webhook.get") == []


def test_the_doctor_says_that_a_proxy_forwards_too_much(tmp_path: Path) -> None:
    def change(text: str) -> str:
        return text.replace("return 404;", "proxy_pass http://127.0.0.1:8899;")

    with behind("nginx", tmp_path, change) as way:
        status, found = way.doctor()
        assert (status, found["paths"]["level"]) == (0, "warning")
        assert "--receive-port" in found["paths"]["mend"]
