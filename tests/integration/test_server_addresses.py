"""Kernels, the worker and `pi` reach their hub whatever address, certificate or socket the Jupyter Server has."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trustme

from tests.live.cells import run_cell
from tests.live.environment import own_environment
from tests.live.jupyter_server import Way, jupyter_server

TOKEN = "address-token"
LISTEN = """
import pfnb
hook = pfnb.webhook("webhook.inner")
@pfnb.on("webhook.inner")
def pong(event): return f"pong {event.json()['n']}"
"""
STORED = "pipeline:\n- event.listen: {key: webhook.stored}\n- body.set: 'stored #{body.payload.n}'\n"


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder for a unix socket, whose path may have 107 characters."""
    with TemporaryDirectory(prefix="pfnb-") as folder:
        yield Path(folder)


def certificate(folder: Path, name: str) -> tuple[list[str], Way]:
    """Options of a server with a certificate for this name, signed by an authority that nothing on this machine knows."""
    authority = trustme.CA()
    made = authority.issue_cert(name)
    made.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "cert.pem").write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    options = [f"--ServerApp.certfile={folder / 'cert.pem'}", f"--ServerApp.keyfile={folder / 'key.pem'}"]
    return options, Way(trust=trust, name=name)


@pytest.mark.parametrize(
    "place",
    [pytest.param("certificate", marks=pytest.mark.faults), "certificate for another name", "unix socket"],
)
def test_all_of_a_server_works_whatever_stands_before_it(place: str, tmp_path: Path, short_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    environment = own_environment(tmp_path)
    options, way = [], Way(socket=str(short_path / "server.sock"))
    if place != "unix socket":
        options, way = certificate(tmp_path, "127.0.0.1" if place == "certificate" else "notebooks.example.org")
    log = tmp_path / "server.log"
    root = tmp_path / "notebooks"
    with jupyter_server(root, environment, TOKEN, log, options=options, way=way) as server:
        with server.notebook_kernel("a.ipynb") as kernel, way.client(TOKEN) as owner, way.client() as anybody:
            run_cell(kernel, "%load_ext pfnb")
            run_cell(kernel, LISTEN)
            assert "pong 1" in str(run_cell(kernel, "print(hook.send({'n': 1}, wait=True).json())"))

            api = f"{server.hub_url}/api/v3"
            (hook,) = owner.get(f"{api}/command/webhook.get").json()
            assert hook["webhookUrl"].startswith("http://127.0.0.1:" if way.socket else "https://127.0.0.1:")
            with Way(
                trust=way.trust, name=way.name
            ).client() as sender:  # from a unix socket's server, the inner address
                sent = sender.post(f"{hook['webhookUrl']}&wait=true", json={"n": 2})
                assert sender.put(f"{hook['pathUrl']}?wait=true", json={"n": 2}).json()["value"] == "pong 2"
            assert sent.json()["value"] == "pong 2"

            owner.put(f"{api}/pipeline:global/app/a/pipeline/b", content=STORED).raise_for_status()
            put = owner.post(f"{api}/command/webhook.put", params={"eventKey": "webhook.stored", "payloadType": "raw"})
            query = {"uuid": put.json()["uuid"], "wait": "true"}
            sent = anybody.post(f"{api}/command/webhook.receive", params=query, json={"n": 3})
            assert sent.json()["value"] == "stored 3"

        pi = [sys.executable, "-m", "pfnb.pi.main", "status"]
        said = subprocess.run(pi, env=environment, cwd="/", capture_output=True, text=True, timeout=30)
        assert (said.returncode, "ok" in said.stdout) == (0, True), said.stderr
    assert "Traceback" not in log.read_text()
