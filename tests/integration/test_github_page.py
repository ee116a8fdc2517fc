"""docs/github.md, followed as a new user would, with stand-ins for cloudflared and for GitHub: it leads to a verified event."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.cells import run_cell
from tests.live.jupyterhub import free_ports
from tests.live.kernel import kernel
from tests.reference.pages import DOCS

PAGE = (DOCS / "github.md").read_text()
SHELL = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CELLS = re.findall(r"^```(?:yaml)?\n(%.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PUBLIC = "https://calm-sea-deck.trycloudflare.com"
CLOUDFLARED = f"""#!/bin/sh
for word; do :; done
echo "$word" >"$HOME/origin"
echo "2026-11-28T09:00:00Z INF Requesting new quick Tunnel on trycloudflare.com..." >&2
echo "2026-11-28T09:00:02Z INF |  {PUBLIC}  |" >&2
exec sleep 600
"""
REPOSITORY = {"id": 35129377, "full_name": "ada/engine", "html_url": "https://github.com/ada/engine", "private": False}
PING = {
    "zen": "Keep it logically awesome.",
    "hook_id": 109948940,
    "hook": {"type": "Repository", "id": 109948940, "name": "web", "active": True, "events": ["push"]},
    "repository": REPOSITORY,
}
PUSH = {
    "ref": "refs/heads/main",
    "before": "a10867b14bb761a232cd80139fbd4c0d33264240",
    "after": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
    "repository": REPOSITORY,
    "pusher": {"name": "ada", "email": "ada@example.org"},
    "commits": [{"id": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", "message": "Turn the crank – ☃"}],
}


@dataclass(frozen=True)
class Place:
    """A user's machine: home, environment, and the origin that the tunnel leads to."""

    home: Path
    environment: dict[str, str]

    def shell(self, text: str, **more: str) -> str:
        done = subprocess.run(
            ["bash", "-c", text], env={**self.environment, **more}, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def outside(self, url: str) -> str:
        """The public address as the tunnel's servers resolve it."""
        return url.replace(PUBLIC, (self.home / "origin").read_text().strip())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A machine on which the page's first step was followed."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "cloudflared").write_text(CLOUDFLARED)
    (programs / "cloudflared").chmod(0o755)
    (port,) = free_ports(1)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PFNB_", "XDG_", "JUPYTER"))}
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    home = Place(tmp_path, {**kept, "HOME": str(tmp_path), "PATH": path, "PFNB_PORT": str(port)})
    with (tmp_path / "serve.log").open("wb") as log:
        hub = subprocess.Popen(SHELL[0].split(), env=home.environment, stdout=subprocess.PIPE, stderr=log, text=True)
    assert hub.stdout is not None
    try:
        lines = [hub.stdout.readline() for _ in range(2)]
        assert lines[1] == f"pfnb tunnel ready at {PUBLIC}/pfnb\n", (tmp_path / "serve.log").read_text()
        yield home
    finally:
        hub.terminate()
        hub.wait(20)
        hub.stdout.close()


def github(url: str, event: str, payload: dict[str, Any], secret: str, delivery: str = "") -> httpx.Response:
    """A request as GitHub sends it."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": "109948940",
        "X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
    return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=30)


def command(place: Place, name: str, *words: str) -> Any:
    return json.loads(place.shell(" ".join(["pi --json command", name, *words])))


@pytest.mark.timeout(180)
def test_the_page_leads_from_nothing_to_a_verified_event(place: Place) -> None:
    said = place.shell(SHELL[1])
    secret = said.split()[-1]
    (address,) = re.findall(r'"pathUrl": "(.*?)"', said)
    assert address.startswith(f"{PUBLIC}/pfnb/hook/")
    assert said.count(secret) == 1  # by echo; the hub shows no secret
    there = place.outside(address)

    exports, _ = SHELL[2].splitlines()
    exports = exports.replace("8899", place.environment["PFNB_PORT"])
    url, token = place.shell(f'{exports}\necho "$PFNB_URL"\necho "$PFNB_TOKEN"').split()
    with kernel({**place.environment, "PFNB_URL": url, "PFNB_TOKEN": token}, place.home / "kernel.log") as (_, cells):
        load, pipeline, logs = CELLS
        run_cell(cells, load)
        run_cell(cells, pipeline)
        delivery = str(uuid.uuid4())
        for event, payload, number in (("ping", PING, ""), ("push", PUSH, delivery), ("push", PUSH, delivery)):
            sent = github(there, event, payload, secret, number)
            assert (sent.status_code, sent.json()["status"]) == (200, "running")
        end = time.monotonic() + 30
        while "ada pushed 1 commits to ada/engine" not in (seen := str(run_cell(cells, "%pipeline debug pushes"))):
            assert time.monotonic() < end, seen
        shown = str(run_cell(cells, logs))
        assert "push" in shown
        assert "ping" in shown

        forged = place.shell(SHELL[3], ADDRESS=there)
        assert json.loads(forged)["status"] == "running"
        assert github(there, "push", PUSH, "another secret").json()["status"] == "running"
        (webhook,) = command(place, "webhook.get", "eventKey=webhook.github")
        assert webhook["received"] == 2  # ping and push; the redelivery is the same event
        refused = command(place, "webhook.receive.logs", f"uuid={webhook['uuid']}", "refused=true")
        assert len(refused) == 2
        assert any("X-Hub-Signature-256" in one["reason"] for one in refused)
        assert "X-Hub-Signature-256" in str(run_cell(cells, logs))


@pytest.mark.timeout(180)
def test_a_secret_is_changed_without_losing_an_event(place: Place) -> None:
    said = place.shell(SHELL[1])
    old = said.split()[-1]
    (address,) = re.findall(r'"pathUrl": "(.*?)"', said)
    there, number = place.outside(address), address.rpartition("/")[2]

    def put(*secrets: str) -> None:
        signature = json.dumps({"scheme": "github", "secret": list(secrets)})
        command(place, "webhook.put", f"uuid={number}", f"signature='{signature}'")

    for secrets, sent, received in (
        (["new", old], old, 1),
        (["new", old], "new", 2),
        (["new"], old, 2),
        (["new"], "new", 3),
    ):
        put(*secrets)
        assert github(there, "push", {**PUSH, "after": f"{received} {sent}"}, sent).status_code == 200
        assert command(place, "webhook.get", f"uuid={number}")[0]["received"] == received
