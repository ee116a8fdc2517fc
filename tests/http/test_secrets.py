"""Pipelines send stored secrets to other servers, and show them nowhere."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.language.masking import MASK
from tests.outbound.conftest import Partner, partner

__all__ = ["partner"]

COMMAND, PIPELINE = "/api/v3/command/", "/api/v3/pipeline"
VALUE = "an-unlikely-word-8sZ3pq"

pytestmark = pytest.mark.usefixtures("allowed")


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1")


async def _put(owner: httpx.AsyncClient, kind: str, secret: str, **more: Any) -> httpx.Response:
    sent = {"name": "partner", "format": kind, "secret": secret, **more}
    return await owner.post(f"{COMMAND}secret.put", json=None, params=sent)


async def _run(owner: httpx.AsyncClient, *steps: str) -> httpx.Response:
    return await owner.post(PIPELINE, content="pipeline:\n" + "".join(f"  - {step}\n" for step in steps))


@pytest.mark.parametrize(
    ("kind", "secret", "header", "value"),
    [
        ("bearer", VALUE, "authorization", f"Bearer {VALUE}"),
        ("bearer", f"Bearer {VALUE}", "authorization", f"Bearer {VALUE}"),
        ("header", f"X-Api-Key: {VALUE}", "x-api-key", VALUE),
        (
            "username-password",
            f"ada:{VALUE}",
            "authorization",
            "Basic " + base64.b64encode(f"ada:{VALUE}".encode()).decode(),
        ),
    ],
)
@pytest.mark.parametrize("parameter", ["secret", "credentials"])
async def test_a_stored_secret_is_sent_in_its_form(
    owner: httpx.AsyncClient, partner: Partner, kind: str, secret: str, header: str, value: str, parameter: str
) -> None:
    shown = (await _put(owner, kind, secret)).json()
    assert (shown["name"], shown["format"], VALUE in str(shown)) == ("partner", kind, False)
    partner.answers = [(200, {}, b"done")] * 2
    for method in ("get", "post"):
        assert (await _run(owner, f"http.{method}: {{url: '{partner.url}', {parameter}: partner}}")).text == "done"
    assert [got.headers[header] for got in partner.got] == [value] * 2


async def test_an_address_puts_a_text_into_a_header_a_bearer_or_a_password(
    owner: httpx.AsyncClient, partner: Partner
) -> None:
    await _put(owner, "secret-text", VALUE)
    partner.answers = [(200, {}, b"done")] * 3
    for given in ("headers: {X-Key: $uri:secret:partner}", "bearer: $uri:secret:partner",
                  "username: ada, password: $uri:secret:partner"):  # fmt: skip
        assert (await _run(owner, f"http.get: {{url: '{partner.url}', {given}}}")).text == "done"
    first, second, third = partner.got
    assert first.headers["x-key"] == VALUE
    assert second.headers["authorization"] == f"Bearer {VALUE}"
    assert base64.b64decode(third.headers["authorization"][6:]).decode() == f"ada:{VALUE}"


async def test_nothing_of_a_run_shows_the_value(
    owner: httpx.AsyncClient, partner: Partner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await _put(owner, "bearer", VALUE)
    partner.answers = [(401, {}, f"unknown key {VALUE}".encode())]
    answer = await _run(owner, f"http.get: {{url: '{partner.url}', secret: partner}}")
    assert (answer.status_code, VALUE in answer.text, f"unknown key {MASK}" in answer.json()["statusMessage"]) == (
        502,
        False,
        True,
    )
    for step in ("body.set: $uri:secret:partner", "body.set: \"#{@resolve.uri('$uri:secret:partner')}\""):
        read = await _run(owner, step)
        assert (read.status_code, VALUE in read.text) == (400, False), read.text
        assert "sent, but never read" in read.json()["statusMessage"]
    assert VALUE not in (await owner.get(f"{COMMAND}secret.get")).text
    files = [path for path in (tmp_path / "hub").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if VALUE.encode() in path.read_bytes()]
    assert VALUE not in caplog.text


async def test_secrets_are_each_users_own(server: LocalServer, owner: httpx.AsyncClient) -> None:
    await _put(owner, "bearer", VALUE)
    await owner.post(f"{COMMAND}iam.user.create", params={"username": "grace", "roleNames": "CAN_PIPE_%"})
    token = (await owner.post(f"{COMMAND}iam.apitoken", params={"username": "grace"})).text
    async with httpx.AsyncClient(base_url=server.url, auth=("grace", token), trust_env=False) as grace:
        assert (await grace.get(f"{COMMAND}secret.get")).json() == []
        missing = await _run(grace, "http.get: {url: 'http://127.0.0.1:1/', secret: partner}")
        assert (missing.status_code, "you have no secret 'partner'" in missing.text) == (404, True)


@pytest.mark.parametrize(
    ("kind", "secret", "more", "says"),
    [
        ("bearer", " ", {}, "is empty"),
        ("header", VALUE, {}, "written as Name: value"),
        ("username-password", VALUE, {}, "written as username:password"),
        ("password", VALUE, {}, "format"),
        ("bearer", VALUE, {"timeToLive": 0}, "timeToLive"),
        ("bearer", VALUE, {"name": "../x"}, "cannot name a secret"),
        ("bearer", "x" * 70_000, {}, ""),
    ],
)
async def test_what_cannot_be_a_secret_is_refused(
    owner: httpx.AsyncClient, kind: str, secret: str, more: dict[str, Any], says: str
) -> None:
    sent = {"name": "partner", "format": kind, "secret": secret, **more}
    lines = "".join(f"      {name}: {value!r}\n" for name, value in sent.items())
    answer = await owner.post(PIPELINE, content=f"pipeline:\n  - secret.put:\n{lines}")
    assert (answer.status_code, says in answer.json()["statusMessage"]) == (400, True), answer.text
    assert VALUE not in answer.text


async def test_an_expired_or_deleted_secret_is_gone(
    server: LocalServer, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = (await _put(owner, "bearer", VALUE, timeToLive=5)).json()
    monkeypatch.setattr(server.hub.credentials, "_now", lambda: row["expires"])
    assert (await owner.get(f"{COMMAND}secret.get")).json() == []
    assert server.hub.secrets.names("ada") == []
    monkeypatch.undo()
    await _put(owner, "bearer", VALUE)
    assert (await owner.post(f"{COMMAND}secret.delete", params={"name": "partner"})).status_code in (200, 204)
    for command in ("secret.get", "secret.delete"):
        assert (await owner.post(f"{COMMAND}{command}", params={"name": "partner"})).status_code == 404


async def test_an_ambiguous_or_unfit_secret_is_refused(owner: httpx.AsyncClient, partner: Partner) -> None:
    await _put(owner, "secret-text", VALUE)
    for given, says in (
        ("secret: partner, bearer: x", "only one of them"),
        ("secret: partner", "store it as bearer"),
        ("headers: {X: $uri:secret:other}", "no secret 'other'"),
    ):
        answer = await _run(owner, f"http.get: {{url: '{partner.url}', {given}}}")
        assert (answer.status_code in (400, 404), says in answer.text) == (True, True), answer.text
    await _put(owner, "secret-text", f"{VALUE}\r\nX-More: 1")
    answer = await owner.post(
        PIPELINE, content=f"pipeline:\n  - http.get: {{url: '{partner.url}', headers: {{X: $uri:secret:partner}}}}\n"
    )
    assert (answer.status_code, VALUE in answer.text) == (400, False), answer.text
    assert partner.got == []
