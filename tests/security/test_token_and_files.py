"""A client sends its token to its hub alone, and a hub writes no file but those that were asked for."""

from __future__ import annotations

import argparse
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pfnb.client.connection import connect
from pfnb.client.discovery import HubAddress, find_hub
from pfnb.client.event import EventFile
from pfnb.exceptions import HubUnreachableError, ParameterError, PfnbError
from pfnb.pi import resources
from pfnb.pi.address import FoundHub, find_address
from pfnb.pi.client import HttpClient, Reply
from pfnb.pi.workspace import create

TOKEN = "secret-token"


class Seen(BaseHTTPRequestHandler):
    seen: list[str]
    answer: tuple[int, dict[str, str], bytes]

    def do_GET(self) -> None:
        self.seen.append(str(self.headers))
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_words: Any) -> None:
        pass


@contextmanager
def serving(status: int, headers: dict[str, str], body: bytes = b"") -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Here", (Seen,), {"seen": seen, "answer": (status, headers, body)}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_client_follows_a_redirect_with_its_token(status: int) -> None:
    with serving(200, {}) as (elsewhere, seen), serving(status, {"Location": f"{elsewhere}/x"}) as (url, asked):
        with pytest.raises(HubUnreachableError, match="redirects"):
            HttpClient(FoundHub(url, TOKEN)).command("log", {})
        with pytest.raises(HubUnreachableError):
            await connect(HubAddress(url, TOKEN), {})
        assert seen == []
        assert len(asked) == 2


def test_no_proxy_gets_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(200, {}) as (proxy, seen), serving(200, {"Content-Type": "text/plain"}, b"ok") as (url, _):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        assert HttpClient(FoundHub(url, TOKEN)).command("log", {}).value == "ok"
        assert seen == []


@pytest.mark.parametrize("body", [b"{", b"[" * 200_000, b"\xff", b"{}"])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_what_is_no_hub_is_said_to_be_none(status: int, body: bytes) -> None:
    with serving(status, {"Content-Type": "application/json"}, body) as (url, _):
        client = HttpClient(FoundHub(url, TOKEN))
        if (status, body) == (200, b"{}"):
            assert client.command("log", {}).value == {}
        else:
            with pytest.raises(PfnbError):
                client.command("log", {})


def test_nor_does_noise_end_it_with_an_error_of_python() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"\x00noise\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(HubUnreachableError):
            HttpClient(FoundHub(f"http://127.0.0.1:{listener.getsockname()[1]}", TOKEN)).command("log", {})
        thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://h/x",
        "http://",
        "http://[bad/",
        "http://h:port",
        "http://h:99999",
        "http://u:pw@h/",
        "http://h/\r\nX: y",
        "http://h /",
        "http://h/?a=b",
        "http://h/#a",
        "javascript:1",
        "h:80",
        "http://h\\@evil/",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(ParameterError) as refused:
        find_address(url, TOKEN, {})
    assert "pw" not in str(refused.value)
    with pytest.raises(ParameterError):
        find_hub({"PFNB_URL": url, "PFNB_TOKEN": TOKEN}, None)


@pytest.mark.parametrize("token", ["a\nb", "a b", "\u20ac", "a\0", "a\r\nX-Evil: 1"])
def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(PfnbError) as refused:
        find_address("http://127.0.0.1:1", token, {})
    assert token not in str(refused.value)


HOSTILE = [
    "../x", "a/../../x", "/etc/x", "a//b", "a/./b", "..", ".", "", "a\\..\\x", "C:x", "C:/x", "a/C:x", "a\0b", "a\nb",
    "a\x1b[0m", "CON", "a/nul.txt", "com1", "LPT1.json", "a.", "a ", " a", "a/..", ".git/config", "a/.GIT/hooks/x",
    "git~1/config", "a?b", "x" * 300, "/".join("a" * 100), "a\u202eb", "/pipeforce/n/../../x", "a|b", "\ud800",
]  # fmt: skip


class HostileHub:
    name, origin = "http://hub", ""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def command(self, _name: str, _parameters: object, _upload: object = None) -> Reply:
        return Reply(self.rows, "application/json")

    def pipeline(self, text: str) -> Reply:
        raise NotImplementedError

    def stored_pipeline(self, path: str, variables: object) -> Reply:
        raise NotImplementedError


def got(rows: Any) -> Any:
    return resources.get(argparse.Namespace(pattern="**", yes=True), lambda: HostileHub(rows))


def row(path: str, value: str = "evil") -> dict[str, Any]:
    return {"path": path, "type": "", "value": value, "created": 1, "updated": None}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    create(folder)
    monkeypatch.chdir(folder)
    return folder


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hub_names_no_file_outside_of_the_workspace_and_no_odd_one(workspace: Path, path: str) -> None:
    before = files(workspace.parent)
    with pytest.raises(resources.PartlyError):
        got([row(path), row("global/app/good")])
    assert files(workspace.parent) - before == {"work/src/global/app/good"}


@pytest.mark.parametrize("link", ["src/global/app/x", "src/global/app", "src/global", "src"])
def test_nothing_is_written_through_a_link(workspace: Path, link: str) -> None:
    outside = workspace.parent / "outside"
    outside.mkdir()
    (outside / "x").write_text("mine")
    for folder in ("global/app", "app"):
        (outside / folder).mkdir(parents=True)
    place = workspace / link
    if place.is_dir():
        place.rename(workspace.parent / "moved")
    place.symlink_to(outside / "x" if link.endswith("x") else outside)
    before = files(outside)
    with pytest.raises(resources.PartlyError):
        got([row("global/app/x")])
    assert (files(outside), (outside / "x").read_text()) == (before, "mine")


def test_two_names_that_differ_in_capital_letters_are_not_both_written(workspace: Path) -> None:
    with pytest.raises(resources.PartlyError, match="1 of 2 failed"):
        got([row("global/app/a"), row("global/App/a")])


@pytest.mark.parametrize("rows", [{}, "x", 1, [1], [{"path": 1}], [{}], [{"path": "a", "value": 1}], [None]])
def test_an_answer_that_is_no_list_of_properties_is_an_error_of_the_hub(workspace: Path, rows: Any) -> None:
    del workspace
    with pytest.raises(PfnbError):
        got(rows)


def test_what_lies_outside_is_not_published(workspace: Path) -> None:
    (workspace.parent / "secret").write_text("mine")
    (workspace / "src" / "global" / "app" / "x").symlink_to(workspace.parent / "secret")
    with pytest.raises(ParameterError, match="leads out of the workspace"):
        resources.publish(argparse.Namespace(patterns=[], force=False), lambda: HostileHub(None))


def test_what_is_remembered_is_not_written_through_a_link(workspace: Path) -> None:
    (workspace.parent / "profile").write_text("mine")
    for name in ("published.new", "published.json"):
        (workspace / ".pfnb" / name).symlink_to(workspace.parent / "profile")
    (workspace / "src" / "global" / "app" / "x").write_text("a")
    with pytest.raises(ParameterError, match="is a link"):
        resources.publish(argparse.Namespace(patterns=[], force=False), lambda: HostileHub(None))
    assert (workspace.parent / "profile").read_text() == "mine"


class Bytes:
    def read(self, _id: str, _size: int = 0) -> bytes:
        return b"evil"


@pytest.mark.parametrize("name", ["../x", "/tmp/pfnb-evil", "a/b", "..\\x", "C:x"])
def test_the_name_that_a_stranger_gave_a_file_leads_nowhere(tmp_path: Path, name: str) -> None:
    file = EventFile(name, "text/plain", 4, "", None, "1.0", Bytes())  # type: ignore[arg-type]
    (tmp_path / "in").mkdir()
    with pytest.raises(ParameterError, match="chosen by the sender"):
        file.save(tmp_path / "in" / name)
    assert file.save(tmp_path / "in" / "mine").read_bytes() == b"evil"


def test_a_file_is_saved_whole_and_in_place_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / "x").symlink_to(tmp_path / "other")
    EventFile("x", "text/plain", 4, "", None, "1.0", Bytes()).save(tmp_path / "x")  # type: ignore[arg-type]
    assert ((tmp_path / "other").read_text(), (tmp_path / "x").read_text()) == ("mine", "evil")
    assert files(tmp_path) == {"x", "other"}
