"""What is sent arrives once and whole, again where that may help, and says what went wrong where it does not."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import pytest
from standardwebhooks.webhooks import Webhook

from pfnb.exceptions import AccessDeniedError, OutboundError, ParameterError
from pfnb.outbound import Attempts, Content, FileContent, Targets, send
from tests.outbound.conftest import Partner

HERE = Targets(["127.0.0.1"])
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK = Attempts(timeout=5, retries=2, wait=0.001)


async def test_a_message_arrives_as_json_and_the_answer_comes_back(partner: Partner) -> None:
    partner.answers = [(201, {"Content-Type": "application/json"}, b'{"ok": true}')]
    answer = await send(HERE, f"{partner.url}/in?a=1", Content.of({"name": "Zoë"}), headers={"X-Mine": "1"})
    assert (answer.status, answer.value, answer.attempts) == (201, {"ok": True}, 1)
    [got] = partner.got
    assert got.body == '{"name":"Zoë"}'.encode()
    assert (got.headers["Content-Type"], got.headers["X-Mine"], got.path) == ("application/json", "1", "/in")
    assert got.headers["Host"] == partner.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (' {"text": "hello"}\n', "application/json"),
        ("[1]", "application/json"),
        ("{ hello }", "text/plain; charset=utf-8"),
        ("12", "text/plain; charset=utf-8"),
    ],
)
async def test_a_text_arrives_as_it_is_and_json_in_it_is_said_to_be_json(
    partner: Partner, text: str, kind: str
) -> None:
    await send(HERE, partner.url, Content.of(text))
    assert (partner.got[0].body, partner.got[0].headers["Content-Type"]) == (text.encode(), kind)


@pytest.mark.parametrize("trouble", [429, 500, 503])
async def test_it_is_sent_again_when_that_may_help(partner: Partner, trouble: int) -> None:
    partner.answers = [(trouble, {}, b""), (trouble, {}, b""), (200, {}, b"done")]
    answer = await send(HERE, partner.url, Content.of("x"), attempts=QUICK)
    assert (answer.value, answer.attempts, len(partner.got)) == ("done", 3, 3)


async def test_and_no_more_often_than_was_asked(partner: Partner) -> None:
    partner.answers = [(503, {}, b"busy, sorry")] * 9
    with pytest.raises(OutboundError, match=r"answered 503 Service Unavailable: busy, sorry \(sent 3 times\)"):
        await send(HERE, partner.url, Content.of("x"), attempts=QUICK)
    assert len(partner.got) == 3


async def test_a_refusal_is_final(partner: Partner) -> None:
    partner.answers = [(404, {}, b"no such hook")]
    with pytest.raises(OutboundError, match="answered 404 Not Found: no such hook"):
        await send(HERE, f"{partner.url}/services/T0/secret-path", Content.of("x"), attempts=QUICK)
    assert len(partner.got) == 1


async def test_the_secret_parts_of_an_address_are_in_no_error(partner: Partner) -> None:
    partner.answers = [(404, {}, b"")]
    with pytest.raises(OutboundError) as raised:
        await send(HERE, partner.url.replace("://", "://me:pw@") + "/secret-path?key=k", Content.of("x"))
    assert not any(word in str(raised.value) for word in ("secret-path", "pw@", "key=k"))


@pytest.mark.parametrize("as_date", [False, True])
async def test_retry_after_is_respected(partner: Partner, as_date: bool) -> None:
    partner.answers = [(429, {"Retry-After": formatdate(time.time() + 2, usegmt=True) if as_date else "1"}, b"")]
    began = time.monotonic()
    await send(HERE, partner.url, Content.of("x"), attempts=QUICK)
    assert 0.9 < time.monotonic() - began < 5


async def test_a_server_that_is_not_there_or_says_nothing_is_named_with_what_happened(partner: Partner) -> None:
    partner.silent = asyncio.Event()
    with pytest.raises(OutboundError, match=r"did not answer within 0\.05 seconds \(sent 2 times\)"):
        await send(HERE, partner.url, Content.of("x"), attempts=Attempts(timeout=0.05, retries=1, wait=0.001))
    with pytest.raises(OutboundError, match="cannot be reached"):
        await send(HERE, "http://127.0.0.1:1/", Content.of("x"), attempts=QUICK)


async def test_redirects_are_not_followed(partner: Partner) -> None:
    partner.answers = [(307, {"Location": "http://127.0.0.1:1/"}, b"")]
    with pytest.raises(OutboundError, match="redirects are not followed"):
        await send(HERE, partner.url, Content.of("x"), attempts=QUICK)
    assert len(partner.got) == 1


async def test_an_endless_answer_is_cut_off(partner: Partner) -> None:
    partner.answers = [(200, {}, b"x" * (4 * 1024 * 1024 + 1))]
    with pytest.raises(OutboundError, match="longer than 4 MiB"):
        await send(HERE, partner.url, Content.of("x"), attempts=QUICK)


async def test_what_is_not_allowed_is_not_even_connected_to(partner: Partner) -> None:
    with pytest.raises(AccessDeniedError, match=r"PFNB_ALLOW_TARGETS=127\.0\.0\.1"):
        await send(Targets(), partner.url, Content.of("x"))
    assert partner.got == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1/x", "http://", "http://[::1"])
async def test_what_is_no_web_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(ParameterError, match="cannot be called"):
        await send(HERE, url, Content.of("x"))


async def test_headers_that_would_break_the_request_are_refused(partner: Partner) -> None:
    with pytest.raises(ParameterError):
        await send(HERE, partner.url, Content.of("x"), headers={"X-A": "1\r\nX-B: 2"})
    assert partner.got == []


async def test_a_signed_message_is_verified_by_the_reference_library_on_each_attempt(partner: Partner) -> None:
    partner.answers = [(503, {}, b"")]
    await send(HERE, partner.url, Content.of({"test": 1}), secret=SECRET, attempts=QUICK)
    first, second = partner.got
    for got in (first, second):
        assert Webhook(SECRET).verify(got.body, dict(got.headers.get_all())) == {"test": 1}
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_a_secret_that_is_none_is_refused_without_showing_it(partner: Partner) -> None:
    with pytest.raises(ParameterError) as raised:
        await send(HERE, partner.url, Content.of("x"), secret="hunter2!")
    assert "hunter2" not in str(raised.value)


async def test_files_and_fields_arrive_as_a_form(partner: Partner) -> None:
    files = [
        FileContent("a.txt", "text/plain", b"one"),
        FileContent("b.bin", "application/octet-stream", b"\x00\xff", "second"),
    ]
    await send(HERE, partner.url, Content.form(files, {"note": "hi", "tag": ["x", "y"]}))
    [got] = partner.got
    assert got.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    for piece in (b'name="file"; filename="a.txt"', b'name="second"; filename="b.bin"', b"\x00\xff", b'name="tag"'):
        assert piece in got.body


async def test_what_json_has_not_is_refused() -> None:
    with pytest.raises(ParameterError, match="cannot be sent as JSON"):
        Content.of({"x": float("nan")})
