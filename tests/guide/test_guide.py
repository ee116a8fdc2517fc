"""PIPEFORCE's guide of webhooks from its first paragraph to its last, in each of the ways in which pfnb can be used."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.guide.outside import CALLS, CHECKSUMS
from tests.guide.ways import ByCommandLine, ByMagics, OverHttp, Row, Way
from tests.kernel.conftest import running_kernel

KEY = "webhook.lead.created"
PATH = "global/app/leads/pipeline/lead"
UNKNOWN = "99999999-6d6b-4f1e-9d5e-5b8f3f999999"
LISTEN = f"pipeline:\n  - event.listen: {{key: {KEY}}}\n"
ANSWER = (
    LISTEN
    + "  - body.set: '#{body.method} lead #{body.payload?.fields?.lead ?: body.payload?.lead} with"
    + " #{body.payload?.children?.size() ?: 0} files'\n"
)
KEEP = "  - property.put: {path: global/app/leads/last, value: '#{body.payload.lead}'}\n  - body.set: kept\n"
MORE_RIGHTS = "  - iam.run.as: {username: systemuser}\n"


@pytest.fixture(params=["HTTP", "command line", "magics"])
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    if request.param == "magics":
        with running_kernel(tmp_path, {"PFNB_ALLOW_TARGETS": "127.0.0.1"}) as kernel:
            kernel.ok("%load_ext pfnb")
            yield ByMagics(kernel)
        return
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1")
    with hub_process(tmp_path / "hub") as url:
        if request.param == "HTTP":
            made = OverHttp(url, "t")
        else:
            (tmp_path / "workspace").mkdir()
            made = ByCommandLine(url, "t", tmp_path / "workspace")
        yield made
        made.close()


@contextmanager
def hub_process(data_dir: Path) -> Iterator[str]:
    """The address of `pfnb serve`, whose token is t."""
    words = ["serve", "--port", "0", "--token", "t", "--data-dir", str(data_dir)]
    with subprocess.Popen([sys.executable, "-m", "pfnb.cli", *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@dataclass
class Partner:
    """Somebody else's server, which answers `{"id": 12}`."""

    url: str
    got: list[tuple[str, bytes]]


@pytest.fixture
def partner() -> Iterator[Partner]:
    got: list[tuple[str, bytes]] = []

    class Everything(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"id": 12}')

        def log_message(self, *_: object) -> None:
            """Not on the tests' output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Everything) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Partner(f"http://127.0.0.1:{server.server_port}", got)
        server.shutdown()
        thread.join()


@pytest.mark.timeout(180)
def test_the_guide(way: Way, partner: Partner, tmp_path: Path) -> None:
    url, uuid = way.create(KEY)
    assert uuid in url
    way.store(PATH, ANSWER)
    everybody_is_answered(url, uuid)
    files_arrive_as_they_were_sent(way, uuid)
    it_is_listed_edited_and_deleted(way, url, uuid)
    rights_are_few_until_the_pipeline_asks_for_more(way, url, uuid)
    what_comes_is_sent_to_others(way, url, uuid, partner)
    a_secret_in_the_open_is_one_no_more(way, url, uuid, tmp_path / "work")


def everybody_is_answered(url: str, uuid: str) -> None:
    for call in CALLS:
        assert call.send(url, uuid, wait="true")["value"] == call.answer, call


def files_arrive_as_they_were_sent(way: Way, uuid: str) -> None:
    rows = [Row(CHECKSUMS if call.kind == "files" else {}, []) for call in reversed(CALLS)]
    assert way.received(uuid) == rows


def it_is_listed_edited_and_deleted(way: Way, url: str, uuid: str) -> None:
    _, other = way.create(KEY)
    assert way.listed(KEY) == {uuid[-6:]: True, other[-6:]: True}
    way.delete(other)
    assert way.listed(KEY) == {uuid[-6:]: True}
    way.limit(uuid, 5)
    address = url.partition("?")[0]
    assert httpx.post(address, params={"uuid": uuid}, content=b"too long", trust_env=False).status_code == 413
    way.limit(uuid, 500_000)


def rights_are_few_until_the_pipeline_asks_for_more(way: Way, url: str, uuid: str) -> None:
    way.store(PATH, LISTEN + KEEP)
    assert CALLS[3].send(url, uuid, wait="true")["statusCode"] == 500
    [refusal] = way.received(uuid)[0].errors
    assert "anonymousUser may not run property.put" in refusal
    assert "iam.run.as" in refusal
    way.store(PATH, LISTEN + MORE_RIGHTS + KEEP)
    assert CALLS[3].send(url, uuid, wait="true")["value"] == "kept"


def what_comes_is_sent_to_others(way: Way, url: str, uuid: str, partner: Partner) -> None:
    way.store(
        PATH, LISTEN + MORE_RIGHTS + f"  - webhook.send: {{url: '{partner.url}/in', message: '#{{body.payload}}'}}\n"
    )
    assert CALLS[3].send(url, uuid, wait="true")["value"] == {"id": 12}
    [(path, body)] = partner.got
    assert (path, json.loads(body)) == ("/in", {"lead": "7"})


def a_secret_in_the_open_is_one_no_more(way: Way, url: str, uuid: str, folder: Path) -> None:
    pushed_with_a_notebook(folder, uuid)
    before = len(way.received(uuid))
    [leak] = way.scan(folder)
    assert (leak["uuid"], leak["deactivated"], Path(leak["path"]).name) == (f"…{uuid[-6:]}", True, "leads.ipynb")
    assert leak["commit"]
    for call in CALLS:
        told, unknown = (call.send(url, secret, wait="true") for secret in (uuid, UNKNOWN))
        assert {name: type(value) for name, value in told.items()} == {
            name: type(value) for name, value in unknown.items()
        }
        assert (told["status"], told["statusCode"]) == ("running", 200)
    assert len(way.received(uuid)) == before
    assert way.listed(KEY) == {uuid[-6:]: False}


def pushed_with_a_notebook(folder: Path, uuid: str) -> None:
    """A repository whose first commit has the uuid in a notebook's output. The second takes it out, too late."""
    folder.mkdir()
    notebook = folder / "leads.ipynb"
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    for output in ([{"output_type": "stream", "text": f"https://example.org?uuid={uuid}\n"}], []):
        notebook.write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": output}]}))
        subprocess.run([*git, "add", "."], cwd=folder, check=True)
        subprocess.run([*git, "commit", "-q", "-m", "Keep leads"], cwd=folder, check=True)
