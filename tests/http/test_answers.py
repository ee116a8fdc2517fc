"""What callers who wait are answered by stored pipelines: exactly what these set."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from pfnb.exceptions import NotFoundError
from pfnb.http import handler
from pfnb.hub.home import HubOptions
from tests.http.conftest import RECEIVE, UNKNOWN, UUID
from tests.reference.pages import DOCS
from tests.worker.conftest import Hub, running_hub, until

PDF = b"%PDF-1.4 not really"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with running_hub(HubOptions(tmp_path / "hub")) as made:
        yield made


async def asked(hub: Hub, method: str = "POST", /, uuid: str = UUID, **given: Any) -> httpx.Response:
    """The answer to a stranger who waits."""
    params = {"uuid": uuid, "wait": "true", **given.pop("params", {})}
    params = {name: value for name, value in params.items() if value is not None}
    async with httpx.AsyncClient(base_url=hub.server.url, trust_env=False, timeout=30) as anyone:
        return await anyone.request(method, RECEIVE, params=params, **given)


async def test_a_redirect_with_cookies_is_sent_as_set(hub: Hub) -> None:
    await hub.save(
        "http.response.set: {statusCode: 303, headers: {Location: 'https://example.org/thanks?x=1', "
        "Set-Cookie: [a=1, 'b=2; Secure']}}",
        "http.response.set: {cookies: {c: 3, b: null}, body: ''}",
    )
    answer = await asked(hub)
    assert (answer.status_code, answer.headers["location"]) == (303, "https://example.org/thanks?x=1")
    path = f"Path={httpx.URL(hub.server.url).path}{RECEIVE}"
    assert answer.headers.get_list("set-cookie") == [
        f"a=1; {path}",
        f"b=; HttpOnly; SameSite=Lax; Max-Age=0; {path}",
        f"c=3; HttpOnly; SameSite=Lax; {path}",
    ]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("http.response.set: {headers: {X-A: '#{body.payload.text}'}}", "X-A cannot have line breaks"),
        ("http.response.set: {headers: {Set-Cookie: 'a=1; Path=/'}}", "always for the address of its webhook"),
        ("http.response.set: {statusCode: 302}", "needs the header Location"),
        ("http.response.set: {headers: {Content-Length: 3}}", "set by the server"),
    ],
)
async def test_what_cannot_be_sent_is_an_error_of_the_step_that_the_owner_sees(hub: Hub, step: str, words: str) -> None:
    await hub.save(step)
    answer = await asked(hub, json={"text": "a\r\nSet-Cookie: b=1"})
    assert (answer.status_code, "set-cookie" in answer.headers, words in answer.text) == (500, False, False)
    error = (await hub.ended("failed"))["error"]
    assert words in error["statusMessage"]
    assert (error["line"], error["step"]) == (4, 2)


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("text/html", "text/html; charset=utf-8"),
        ("text/html;", "text/html; charset=utf-8"),
        ("TEXT/xml; charset=UTF-8", "TEXT/xml; charset=UTF-8"),
        ("image/svg+xml", "image/svg+xml"),
    ],
)
async def test_a_text_says_that_it_is_utf8_so_that_browsers_do_not_guess(hub: Hub, kind: str, sent: str) -> None:
    await hub.save(f"http.response.set: {{headers: {{Content-Type: '{kind}'}}, body: Grüße}}")
    answer = await asked(hub)
    assert (answer.content, answer.headers["content-type"]) == ("Grüße".encode(), sent)


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none(hub: Hub, status: int) -> None:
    await hub.save(f"http.response.set: {{statusCode: {status}, body: text}}")
    answer = await asked(hub)
    assert (answer.status_code, answer.content, "content-type" in answer.headers) == (status, b"", False)


async def test_a_file_is_answered_piece_by_piece_and_never_whole_in_memory(hub: Hub) -> None:
    data = bytes(range(256)) * 80_000
    await hub.save("http.response.set: {headers: {Content-Type: image/png}, body: '#{body.payload.children[0]}'}")
    answer = await asked(hub, files={"file": ("a.png", b"small", "text/html")})
    assert (answer.content, answer.headers["content-type"]) == (b"small", "image/png")
    tracemalloc.start()
    try:
        await hub.http.post(RECEIVE, params={"uuid": UUID}, files={"file": ("a.png", data)})
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        async with hub.http.stream(
            "POST", RECEIVE, params={"uuid": UUID, "wait": "true"}, files={"file": ("a.png", data)}
        ) as answer:
            assert answer.headers["content-length"] == str(len(data))
            got = 0
            async for piece in answer.aiter_raw(65536):
                assert piece == data[got : got + len(piece)]
                got += len(piece)
            peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert got == len(data)
    # The test's own request has all of it once.
    assert peak < 2 * len(data)


async def test_references_in_a_file_are_worth_nothing_to_strangers(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "CHUNK", 64)
    code = hub.server.hub.reference_codes.signed("abc", "ada")
    data = f"{'x' * 100} $uri:attachment:{code} {'y' * 100}".encode()
    made = hub.server.hub.contents.put("ada", data)
    signed = hub.server.hub.reference_codes.signed(made, "ada")
    await hub.save(f"body.set: {{value: {{content: '$uri:attachment:{signed}'}}}}")
    answer = await asked(hub)
    assert len(answer.content) == len(data)
    assert b"hmac-" not in answer.content
    assert answer.text == data.decode().replace(".hmac-", ".hmac_")


async def test_a_file_that_is_removed_while_it_is_sent_breaks_the_answer_off(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"x" * 300_000
    monkeypatch.setattr(handler, "CHUNK", 1000)
    await hub.save("body.set: '#{body.payload.children[0]}'")

    slices = hub.server.hub.store.events.body_slice

    async def until_removed(name: str, offset: int, size: int) -> bytes:
        if offset > 50_000:
            raise NotFoundError("it is gone")
        return await slices(name, offset, size)

    monkeypatch.setattr(hub.server.hub.store.events, "body_slice", until_removed)
    with pytest.raises(httpx.RemoteProtocolError):
        await asked(hub, files={"file": ("a.bin", data)})
    monkeypatch.undo()
    assert (await asked(hub, files={"file": ("a.bin", b"small")})).content == b"small"


async def test_who_reads_nothing_of_a_file_loses_the_connection_and_the_place(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "UNREAD_SECONDS", 0.2)
    await hub.save("body.set: '#{body.payload.children[0]}'")
    request = hub.http.build_request(
        "POST", RECEIVE, params={"uuid": UUID, "wait": "true"}, files={"f": b"x" * 20_000_000}
    )
    address = urlsplit(hub.server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1024)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    writer.write(f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n{head}\r\n".encode() + request.read())
    assert b" 200 " in await asyncio.wait_for(reader.readline(), 30)
    waiting = hub.server.site.waiting

    async def is_free() -> bool:
        return waiting._taken == 0

    await until(is_free)
    got = await asyncio.wait_for(reader.read(-1), 30)
    assert len(got) < 20_000_000
    writer.close()


@pytest.mark.parametrize(
    ("value", "content", "kind"),
    [
        ("{score: 7}", b'{"score":7}', "application/json"),
        ("[1, null]", b"[1,null]", "application/json"),
        ("Hello Ada", b"Hello Ada", "text/plain; charset=utf-8"),
        ("7", b"7", "application/json"),
        ("'#{body.payload.children[0]}'", b"my life", "text/csv"),
    ],
)
async def test_a_webhook_answers_with_the_body_alone_and_waits_for_it_by_itself(
    hub: Hub, value: str, content: bytes, kind: str
) -> None:
    await hub.server.hub.webhooks.put({"uuid": UUID, "answer": "body"}, "ada")
    await hub.save(f"body.set: {{value: {value}}}")
    answer = await asked(hub, params={"wait": None}, files={"file": ("a.csv", b"my life", "text/csv")})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, kind)


async def test_the_examples_of_the_page_answer_as_it_says(hub: Hub) -> None:
    text = (DOCS / "answers.md").read_text()
    sms, signup = re.findall(r"^```yaml\n(pipeline:\n.*?)^```", text, re.DOTALL | re.MULTILINE)
    await hub.put("global/app/demo/pipeline/sms", sms)
    await hub.put("global/app/demo/pipeline/signup", signup)
    given = {"uuid": UUID, "eventKey": "webhook.sms", "answer": "body"}
    await hub.server.hub.webhooks.put(given, "ada")
    answer = await asked(hub, params={"wait": None}, data={"Body": "a < b & c"})
    assert answer.text == "<Response><Message>You wrote: a &lt; b &amp; c</Message></Response>"
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    await hub.server.hub.webhooks.put({"uuid": UUID, "eventKey": "webhook.signup"}, "ada")
    answer = await asked(hub, data={"mail": "ada@example.org"})
    assert (answer.status_code, answer.headers["location"]) == (303, "https://example.org/thanks")
    assert answer.headers["set-cookie"].startswith("seen=1;")


async def test_a_webhook_that_answers_with_the_body_says_by_the_status_that_there_is_none(hub: Hub) -> None:
    await hub.server.hub.webhooks.put({"uuid": UUID, "answer": "body"}, "ada")
    nobody = await asked(hub, params={"wait": None})
    assert (nobody.status_code, nobody.json()["status"]) == (200, "running")

    await hub.save("log: {message: x}")
    untouched = await asked(hub, params={"wait": None}, json={"secret": 1})
    assert (untouched.status_code, untouched.content) == (204, b"")

    await hub.save("error: {message: inner detail}")
    failed = await asked(hub, params={"wait": None})
    assert (failed.status_code, set(failed.json())) == (500, {"status", "statusCode", "traceId"})

    await hub.save("wait: {ms: 20000}", path="global/app/demo/pipeline/slow", key="order.#")
    late = await asked(hub, params={"wait": None, "timeout": "0.2"})
    assert (late.status_code, late.json()["status"], late.json()["statusCode"]) == (202, "running", 202)
    unasked = await asked(hub, params={"wait": "false"})
    assert (unasked.status_code, unasked.json()["status"]) == (200, "running")
    wrong = await asked(hub, params={"wait": None, "timeout": "soon"}, content=b"x" * 100_000)
    assert (wrong.status_code, list(hub.server.hub.settings.bodies.iterdir())) == (400, [])


async def test_who_is_not_admitted_gets_the_answer_of_an_unknown_webhook_at_once(hub: Hub) -> None:
    await hub.server.hub.webhooks.put({"uuid": UUID, "answer": "body", "methods": ["POST"]}, "ada")
    await hub.save("wait: {ms: 20000}")
    refused, unknown = [await asked(hub, "GET", uuid, params={"wait": None}) for uuid in (UUID, UNKNOWN)]
    assert refused.status_code == unknown.status_code == 200
    assert refused.json().keys() == unknown.json().keys()
    assert refused.json()["status"] == "running"


@pytest.mark.parametrize("seconds", ["soon", "1e9", "5"])
async def test_who_proves_nothing_learns_of_no_answer_from_timeout_and_from_places(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    signature = {"scheme": "github", "secret": "a secret of this webhook"}
    await hub.server.hub.webhooks.put({"uuid": UUID, "answer": "body", "signature": signature}, "ada")
    monkeypatch.setattr(hub.server.site.waiting, "places", 0)
    given = {"params": {"wait": None, "timeout": seconds}}
    refused, unknown = [await asked(hub, "POST", uuid, **given) for uuid in (UUID, UNKNOWN)]
    assert refused.status_code == unknown.status_code == 200
    assert refused.json().keys() == unknown.json().keys()


async def test_callers_that_wait_unasked_count_among_those_that_wait(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await hub.server.hub.webhooks.put({"uuid": UUID, "answer": "body"}, "ada")
    monkeypatch.setattr(hub.server.site.waiting, "places", 0)
    answer = await asked(hub, params={"wait": None}, content=b"x" * 100_000)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert list(hub.server.hub.settings.bodies.iterdir()) == []
    assert await hub.server.hub.store.events.since(0, 10) == []


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "image/png, text/html", "x"]
)
async def test_whatever_a_browser_may_run_is_inert_unless_the_webhook_allows_it(hub: Hub, kind: str) -> None:
    await hub.save(f"http.response.set: {{headers: {{Content-Type: '{kind}'}}, body: '<script>1</script>'}}")
    policy = (await asked(hub)).headers["content-security-policy"]
    assert policy.startswith("sandbox allow-forms; default-src 'none';")
    await hub.server.hub.webhooks.put({"uuid": UUID, "allowHtml": True}, "ada")
    policy = (await asked(hub)).headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert (await asked(hub)).headers["x-content-type-options"] == "nosniff"


async def test_a_strangers_file_is_no_page_in_parts_whatever_it_says_it_is(hub: Hub) -> None:
    await hub.save("body.set: '#{body.payload.children[0]}'")
    parts = b"--b\r\nContent-Type: text/html\r\n\r\n<script>1</script>\r\n--b--"
    answer = await asked(hub, files={"file": ("a", parts, "multipart/x-mixed-replace; boundary=b")})
    assert (answer.content, answer.headers["content-type"]) == (parts, "application/octet-stream")


async def test_a_pdf_is_not_in_a_sandbox_where_browsers_do_not_show_it(hub: Hub) -> None:
    await hub.save("body.set: '#{body.payload.children[0]}'")
    answer = await asked(hub, files={"file": ("a.pdf", PDF, "application/pdf")})
    assert (answer.content, "content-security-policy" in answer.headers) == (PDF, False)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_pipelines_that_callers_with_a_token_run_set_no_cookies(hub: Hub) -> None:
    text = "pipeline: [{http.response.set: {cookies: {a: 1}}}]"
    answer = await hub.http.post("/api/v3/pipeline", content=text)
    assert (answer.status_code, "set-cookie" in answer.headers) == (400, False)
    assert "only an answer of a webhook may set cookies" in answer.json()["statusMessage"]


async def test_a_callers_path_brings_no_attributes_into_a_cookie(hub: Hub) -> None:
    given = {"uuid": UUID, "path": "orders/{id}", "public": True, "answer": "body"}
    await hub.server.hub.webhooks.put(given, "ada")
    await hub.save("http.response.set: {cookies: {a: 1}}")
    for sent, path in (("17", "17"), ("a;Domain=evil.example", "a%3BDomain=evil.example"), ("%3Bx", "%3Bx")):
        (line,) = (await hub.http.get(f"/gateway/orders/{sent}")).headers.get_list("set-cookie")
        assert line == f"a=1; HttpOnly; SameSite=Lax; Path=/pfnb/gateway/orders/{path}"


async def test_a_cookies_path_is_that_of_the_public_address_and_cannot_be_extended(tmp_path: Path) -> None:
    options = HubOptions(tmp_path / "hub", public_url="https://hooks.example.org/in/pfnb")
    async with running_hub(options) as hub:
        await hub.save("http.response.set: {cookies: {a: 1}}")
        (line,) = (await asked(hub)).headers.get_list("set-cookie")
        assert line.endswith(f"; Path=/in/pfnb{RECEIVE}")
