"""Signatures and other proofs through a running hub: what senders send, and what its owner writes and sees."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from tests.http.conftest import RECEIVE, UNKNOWN, UUID

PUT, LOGS, GET = (f"/api/v3/command/webhook.{name}" for name in ("put", "receive.logs", "get"))
PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text()
SECRET = "It's a Secret to Everybody"
GITHUBS = {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}


async def put(owner: httpx.AsyncClient, **settings: Any) -> httpx.Response:
    fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}
    return await owner.post(PUT, data={"uuid": UUID, **fields})


async def refused(owner: httpx.AsyncClient) -> list[dict[str, Any]]:
    found = await owner.get(LOGS, params={"uuid": UUID, "refused": "true"})
    return found.json()  # type: ignore[no-any-return]


def shape(answer: httpx.Response) -> tuple[int, list[str], list[str]]:
    return answer.status_code, sorted(answer.json()), sorted(answer.headers)


async def test_githubs_example_is_taken_and_what_differs_is_answered_like_an_unknown_webhook(
    owner: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    shown = (await put(owner, signature={"scheme": "github", "secret": SECRET})).json()
    assert shown["signature"] == {"scheme": "github", "secrets": 1}
    taken = await anyone.post(RECEIVE, params={"uuid": UUID}, headers=GITHUBS, content=b"Hello, World!")
    wrong = await anyone.post(RECEIVE, params={"uuid": UUID}, headers=GITHUBS, content=b"Hello, World?")
    none = await anyone.post(f"/hook/{UUID}", content=b"Hello, World!")
    unknown = await anyone.post(RECEIVE, params={"uuid": UNKNOWN}, headers=GITHUBS, content=b"Hello, World!")
    assert shape(taken) == shape(wrong) == shape(none) == shape(unknown)
    rows = (await owner.get(LOGS, params={"uuid": UUID})).json()
    assert [base64.b64decode(row["body"]) for row in rows] == [b"Hello, World!"]
    assert [row["reason"] for row in await refused(owner)] == [
        "No X-Hub-Signature-256 header.",
        "The signature does not match the secret.",
    ]
    assert SECRET not in (await owner.get(GET)).text


async def test_twilio_signs_the_address_that_it_calls(
    server: LocalServer, owner: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    await put(owner, signature={"scheme": "twilio", "secret": "12345"})
    for address, host in (
        (f"{server.url}{RECEIVE}?uuid={UUID}&a=%20b", None),
        (f"https://hooks.example/pfnb/hook/{UUID}?a=%20b", "hooks.example"),
    ):
        signed = hmac.new(b"12345", f"{address}DigitsGrüßeFrom+1".encode(), "sha1").digest()
        headers = {"X-Twilio-Signature": base64.b64encode(signed).decode(), **({"Host": host} if host else {})}
        target = address if host is None else f"{server.url}/hook/{UUID}?a=%20b"
        form = {"From": "+1", "Digits": "Grüße"}
        assert (await anyone.post(target, data=form, headers=headers)).status_code == 200
    assert len((await owner.get(LOGS, params={"uuid": UUID})).json()) == 2
    assert await refused(owner) == []


@pytest.mark.parametrize(
    "written",
    [
        {"signature": '{"scheme": "hmac", "header": "X-Sig", "secret": "k", "prefix": "v0="}'},
        {"signature": {"scheme": "hmac", "header": ["X-Other", "X-Sig"], "secret": ["j", "k"], "prefix": "v0="}},
    ],
)
async def test_a_map_is_json_text_over_http(
    owner: httpx.AsyncClient, anyone: httpx.AsyncClient, written: dict[str, Any]
) -> None:
    assert (await put(owner, **written)).status_code == 200
    signed = hmac.new(b"k", b"x", "sha256").hexdigest()
    await anyone.post(f"/hook/{UUID}", content=b"x", headers={"x-sig": f"v0={signed}"})
    assert len((await owner.get(LOGS, params={"uuid": UUID})).json()) == 1


async def test_a_wrong_setting_is_a_400_that_shows_no_secret(
    owner: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = await owner.get(PUT, params={"uuid": UUID, "signature": '{"scheme": "standard", "secret": "s3cret!!"}'})
    assert answer.status_code == 400
    assert "written in base64" in answer.json()["statusMessage"]
    nested = await owner.get(PUT, params={"uuid": UUID, "auth": '{"type": "header", "value": "s3cret!!"}'})
    assert "needs name" in nested.json()["statusMessage"]
    logged = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    assert "webhook.put" in logged
    assert "s3cret" not in answer.text + nested.text + logged


async def test_the_pipelines_of_the_page_put_their_webhooks(owner: httpx.AsyncClient) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    shown = []
    for example in examples:
        answer = await owner.post("/api/v3/pipeline", content=example, headers={"Content-Type": "application/yaml"})
        assert answer.status_code == 200, answer.text
        shown.append(answer.json()["signature"] or answer.json()["auth"])
    assert shown == [{"scheme": "github", "secrets": 1}, {"type": "header", "name": "X-Api-Key", "secrets": 1}]


async def test_a_failing_step_shows_no_secret(owner: httpx.AsyncClient) -> None:
    pipeline = {
        "pipeline": [{"webhook.put": {"eventKey": "a.b", "auth": {"type": "bearer", "token": ["s3cret", 7, {}]}}}]
    }
    answer = await owner.post("/api/v3/pipeline", json=pipeline)
    assert answer.status_code == 400
    assert "s3cret" not in answer.text
