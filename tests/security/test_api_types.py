"""Whatever parameters and bodies a command is given over HTTP, the answer is an error of pfnb's own that is not the hub's fault,
and the hub's log has no traceback."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from pfnb.commands import load
from pfnb.exceptions import ParameterError
from pfnb.http.server import LocalServer
from tests.security.strange_values import STRANGE

ROUNDS = 6
"""How often each command is called in each way, with other values for all of its parameters: the same ones each time."""
OUTSIDE = {502, 503, 504}
"""Statuses that say what happened elsewhere, or that it takes too long: nobody answers at some of these addresses."""
MEANT = {"RaisedError"}
"""Errors with status 500 that a pipeline asks for: the command `error`."""
SLOW = {"wait", "webhook.scan"}
VALUES = [value for value in STRANGE if value != "\ud800"]
TEXTS = [
    *(value for value in VALUES if isinstance(value, str)),
    "[1]", '{"a": 1}', "true", "9" * 30, "1e308", "#{body}", "#{{1, 2}}", "#{null}", "#{{a: 1}}", "#{1.5}", "utf-7",
]  # fmt: skip
BODIES: tuple[tuple[str, bytes], ...] = (
    ("application/json", b"null"),
    ("application/json", b"[1]"),
    ("application/json", b'{"content": 5, "name": []}'),
    ("application/json", b'[{"a": 1}, [], null]'),
    ("application/json", b'{"a": "\\ud800"}'),
    ("application/json", b"[" * 99 + b"]" * 99),
    ("application/json", b"{"),
    ("text/plain", b"a,b\n1,2"),
    ("application/xml", b"<a/>"),
    ("image/png", b"\xff\x00"),
)
COMMANDS = [command for command in load() if command.name not in SLOW]
RANDOM = "api types"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def check(answer: httpx.Response, about: object, caplog: pytest.LogCaptureFixture) -> None:
    if answer.status_code >= 500 and answer.status_code not in OUTSIDE:
        assert answer.json()["errorType"] in MEANT, (about, answer.text)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [], about


@pytest.mark.parametrize("group", sorted({command.name.split(".")[0] for command in COMMANDS}))
async def test_wrong_parameters_and_bodies_are_the_callers_error(
    server: LocalServer, owner: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, group: str
) -> None:
    owner.timeout = httpx.Timeout(30)
    random = Random(f"{RANDOM} {group}")
    for command in COMMANDS:
        if command.name.split(".")[0] != group:
            continue
        names, url = command.parameters.names(), f"/api/v3/command/{command.name}"
        for number in range(ROUNDS):
            given: dict[str, Any] = {name: random.choice(TEXTS) for name in names if random.random() < 0.7}
            check(await owner.post(url, data={**given, "token": "x"} if number == 0 else given), (url, given), caplog)
            kind, body = random.choice(BODIES)
            few = {name: value[:100] for name, value in given.items()}
            answer = await owner.post(url, params=few, content=body, headers={"Content-Type": kind})
            check(answer, (url, few, body), caplog)
            step = {command.name: {name: random.choice(VALUES) for name in names if random.random() < 0.7}}
            answer = await owner.post("/api/v3/pipeline", content=json.dumps({"pipeline": [step]}))
            check(answer, step, caplog)
        check(await owner.post(url, files=[("file", ("a", b"1")), ("file", ("b", b"\xff"))]), (url, "files"), caplog)
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
            answer = await owner.request(method, url)
            assert answer.status_code < 500, (method, url)
    assert (await owner.get("/healthz")).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "path",
    [
        "%00",
        "..%2f..",
        "%ff",
        "a" * 5_000,
        "%F0%9F%98%80",
        "%23%7B1%7D",
        ":",
        "uuid:x",
        "uuid:",
        "global/%00",
        "**",
        "%0d%0a",
    ],
)
async def test_whatever_a_path_says_it_is_the_callers_error(
    server: LocalServer, owner: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    for url in (f"/api/v3/pipeline:{path}", f"/api/v3/command/{path}"):
        check(await owner.request(method, url, content=b"pipeline: [log: 1]" if method != "GET" else b""), url, caplog)


async def test_a_command_whose_parameters_are_conditions_is_called_by_itself_too(owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/api/v3/command/switch", data={"1 > 2": "more", "true": "less"})
    assert (answer.status_code, answer.text) == (200, "less")
    answer = await owner.post("/api/v3/command/switch", data={"1 >": "more"})
    assert (answer.status_code, answer.json()["errorType"]) == (400, "PelSyntaxError")


@pytest.mark.parametrize("payload", [b"\xff", {"a": {1}}, float("nan")], ids=["bytes", "set", "nan"])
async def test_the_payload_of_an_event_is_json(server: LocalServer, payload: object) -> None:
    access = server.site.access(server.hub.users.user("ada"))
    with pytest.raises(ParameterError, match="the payload of an event must be JSON"):
        await access.send_event("order.placed", payload)
