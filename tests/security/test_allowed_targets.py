"""What may be called besides the internet is said exactly, or the hub does not start; and nothing else is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pfnb.exceptions import AccessDeniedError, OutboundError, ParameterError
from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.outbound import Answer, Content, Targets, send

WRONG = [
    "*", "**", "*.", ".", "*.*", "*.*.example.org", "a.*.example.org", "exam*.org", "*example.org", "example.*", "?", ".*",
    r"10\.0\..*", "^db$", "(a|b)", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "10.0.0.1/8", "10.0.0.0/255.0.0.0",
    "::/129", "fe80::1%eth0", "10.0.0", "10.0.0.256", "010.0.0.1", "0x7f.0.0.1", "2130706433", "127.1", "*.10.0.0.1",
    "http://db.example.org", "db.example.org/path", "db.example.org:5432", "[::1]:80", "[::1", "[db]", "user@db",
    "-db", "db-", "a..b", ".db", "a" * 64, ".".join(["a" * 60] * 5), "10.0.0.0-10.0.0.9", "10.0.*.*", "\u2024", "*.\u2024",
    "a,,b", ",", "a,", "db;rm", "0.0.0.0/0/0", "::ffff:999.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("entry", WRONG)
def test_an_entry_that_is_not_exact_is_refused_and_named(entry: str) -> None:
    with pytest.raises(ParameterError, match="PFNB_ALLOW_TARGETS") as refused:
        Targets.from_environment({"PFNB_ALLOW_TARGETS": f"localhost {entry}"})
    assert repr(entry) in str(refused.value) or "''" in str(refused.value)


def test_a_hub_does_not_start_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "localhost, 10.0.0.0/33")
    with pytest.raises(ParameterError, match=r"10\.0\.0\.0/33"):
        LocalServer()


def test_nor_does_pfnb_serve(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pfnb.cli", "serve", "--port", "0", "--data-dir", str(tmp_path)],
        env={**os.environ, "PFNB_ALLOW_TARGETS": "http://intranet"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "'http://intranet'" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "ready" not in ended.stdout


@pytest.mark.parametrize(
    ("allowed", "host", "address"),
    [
        ("*.example.org", "example.org", "10.0.0.1"),
        ("*.example.org", "evilexample.org", "10.0.0.1"),
        ("example.org", "example.org.", "10.0.0.1"),
        ("127.0.0.1", "localhost", "127.0.0.2"),
        ("::1", "x", "127.0.0.1"),
    ],
)
def test_an_entry_means_what_it_says(allowed: str, host: str, address: str) -> None:
    targets = Targets.from_environment({"PFNB_ALLOW_TARGETS": allowed})
    if host.removesuffix(".") == allowed:
        targets.check(host, address)
    else:
        with pytest.raises(AccessDeniedError):
            targets.check(host, address)


async def test_the_connection_goes_to_the_address_that_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = LocalServer(HubOptions(tmp_path / "hub", owner="ada"))
    await server.start()
    answers = ["127.0.0.1", "10.255.255.1"]

    def rebinding(_host: str, port: int, *_rest: Any, **_more: Any) -> list[Any]:
        return [(2, 1, 6, "", (answers.pop(0), port))]

    port = server.url.split(":")[2].split("/")[0]
    monkeypatch.setattr("socket.getaddrinfo", rebinding)
    targets = Targets(["127.0.0.1"])
    try:
        answer = await send(
            targets, f"http://rebinding.example.org:{port}/pfnb/healthz", Content.of(None), method="GET"
        )
    finally:
        await server.stop()
    assert answer.value == {"status": "ok"}
    assert answers == ["10.255.255.1"]


@pytest.mark.parametrize(
    "host",
    ["①②⑦.⓪.⓪.①", "127。0。0。1", "0177.0.0.1", "0x7f000001", "[::ffff:7f00:1]", "[::ffff:127.0.0.1]", "localhost."],
)
async def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises((AccessDeniedError, ParameterError, OutboundError)):
        await send(Targets(), f"http://{host}:9/", Content.of(None), method="GET")


@pytest.mark.parametrize("host", ["a\0b", "a" * 300, "..", "\ud800", "xn--\xff"])
async def test_what_no_host_can_be_is_said_to_be_none(host: str) -> None:
    with pytest.raises(OutboundError, match="there is no host"):
        await Targets().resolve(host, 80)


@pytest.mark.parametrize(
    "name",
    ["Content-Length", "transfer-encoding", "HOST", "Connection", "Upgrade", "TE", "Trailer", "Expect", "Keep-Alive"],
)
async def test_headers_of_the_connection_are_not_a_pipelines_to_set(name: str) -> None:
    with pytest.raises(ParameterError, match=name):
        await send(Targets(), "http://example.org", Content.of("x"), headers={name: "5"})


@pytest.mark.parametrize(
    "charset", ["undefined", "idna", "punycode", "hex", "nonsense", "utf-7", "unicode_escape", "\0"]
)
def test_whatever_charset_an_answer_names_it_has_a_value(charset: str) -> None:
    assert Answer(200, {"content-type": f"text/plain; charset={charset}"}, b"\xff.\\x").value is not None


def test_an_answer_that_is_nested_without_end_is_a_text() -> None:
    assert isinstance(Answer(200, {"content-type": "application/json"}, b"[" * 200_000).value, str | bytes)
