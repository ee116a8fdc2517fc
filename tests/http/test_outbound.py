"""A pipeline sends on what it got, files and all, to somebody else's webhook."""

from __future__ import annotations

import httpx
import pytest

from tests.outbound.conftest import Partner, partner

__all__ = ["partner"]

PIPELINE = "/api/v3/pipeline"


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1")


@pytest.mark.usefixtures("allowed")
async def test_a_message_is_sent_and_the_answer_is_the_body(owner: httpx.AsyncClient, partner: Partner) -> None:
    partner.answers = [(200, {"Content-Type": "application/json"}, b'{"id": 7}')]
    text = f"pipeline:\n  - webhook.send: {{url: '{partner.url}', message: {{a: 1}}}}\n"
    assert (await owner.post(PIPELINE, content=text)).json() == {"id": 7}
    assert partner.got[0].body == b'{"a":1}'


@pytest.mark.usefixtures("allowed")
async def test_uploaded_files_are_sent_on_as_files(owner: httpx.AsyncClient, partner: Partner) -> None:
    text = f"pipeline:\n  - webhook.send: {{url: '{partner.url}'}}\n"
    files = [("file", ("a.txt", b"one", "text/plain")), ("file", ("b.bin", b"\x00\xff", "application/octet-stream"))]
    answer = await owner.post(PIPELINE, data={"pipeline": text}, files=files)
    assert answer.status_code == 200, answer.text
    [got] = partner.got
    for piece in (b'filename="a.txt"', b"\r\n\r\none\r\n", b'filename="b.bin"', b"\r\n\r\n\x00\xff\r\n"):
        assert piece in got.body


@pytest.mark.usefixtures("allowed")
async def test_a_refusal_ends_the_run_with_what_was_answered(owner: httpx.AsyncClient, partner: Partner) -> None:
    partner.answers = [(410, {}, b"gone")]
    answer = await owner.post(PIPELINE, content=f"pipeline:\n  - webhook.send: {{url: '{partner.url}', message: x}}\n")
    assert (answer.status_code, answer.json()["errorType"], answer.json()["line"]) == (502, "OutboundError", 2)
    assert "answered 410 Gone: gone" in answer.json()["statusMessage"]


async def test_this_machine_is_not_called_unless_it_was_allowed(owner: httpx.AsyncClient, partner: Partner) -> None:
    answer = await owner.post(PIPELINE, content=f"pipeline:\n  - webhook.send: {{url: '{partner.url}', message: x}}\n")
    assert (answer.status_code, answer.json()["errorType"]) == (403, "AccessDeniedError")
    assert partner.got == []
