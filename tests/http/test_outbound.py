"""A pipeline sends on what it got, files and all, to somebody else's webhook."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.causation import MAX_CHAIN
from pfnb.language.masking import MASK
from pfnb.language.reading.parser import parse_pipeline
from tests.outbound.conftest import Partner, partner

__all__ = ["partner"]

PIPELINE = "/api/v3/pipeline"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


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


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("step", ["webhook.send: {message: x, ", "http.get: {"])
async def test_an_answer_that_is_no_text_becomes_a_content_reference(
    owner: httpx.AsyncClient, partner: Partner, step: str
) -> None:
    partner.answers = [(200, {"Content-Type": "image/png"}, b"\x89PNG\xff")] * 2
    text = f"pipeline:\n  - {step}url: '{partner.url}/pictures/a%20b.png'}}\n"
    answer = await owner.post(PIPELINE, content=text)
    assert (answer.headers["content-type"], answer.content) == ("image/png", b"\x89PNG\xff")
    told = await owner.post(PIPELINE, content=f"{text}  - body.set: '#{{body.name}}'\n")
    assert told.text == "a b.png"


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
async def test_a_request_says_who_asks_and_its_answer_is_the_body(
    owner: httpx.AsyncClient, partner: Partner, method: str
) -> None:
    partner.answers = [(200, {"Content-Type": "application/hal+json"}, b'{"id": 7}')]
    text = (
        f"body: {{a: 1}}\npipeline:\n  - http.{method}: {{url: '{partner.url}/orders', username: ada, password: pw, "
        "headers: 'X-A: 1, X-B: 2'}\n"
    )
    assert (await owner.post(PIPELINE, content=text)).json() == {"id": 7}
    [got] = partner.got
    assert (got.method, got.path, got.body) == (
        method.upper(),
        "/orders",
        b'{"a":1}' if method.startswith("p") else b"",
    )
    assert (got.headers["Authorization"], got.headers["X-B"]) == ("Basic YWRhOnB3", "2")


@pytest.mark.usefixtures("allowed")
async def test_headers_alone_can_be_asked_for_with_a_token(owner: httpx.AsyncClient, partner: Partner) -> None:
    partner.answers = [(200, {"X-Total": "12"}, b"")]
    answer = await owner.post(PIPELINE, content=f"pipeline:\n  - http.head: {{url: '{partner.url}', bearer: abc}}\n")
    assert answer.json()["x-total"] == "12"
    assert (partner.got[0].method, partner.got[0].headers["Authorization"]) == ("HEAD", "Bearer abc")


@pytest.mark.usefixtures("allowed")
async def test_the_type_a_pipeline_gives_takes_the_place_of_ours(owner: httpx.AsyncClient, partner: Partner) -> None:
    step = f"{{url: '{partner.url}', body: '{{}}', headers: {{content-type: application/json}}}}"
    assert (await owner.post(PIPELINE, content=f"pipeline:\n  - http.post: {step}\n")).status_code == 200
    assert partner.got[0].headers.get_list("Content-Type") == ["application/json"]


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([(302, {"Location": "/elsewhere"}, b"")], "redirects are not followed"),
        ([(503, {}, b"busy")], "answered 503 Service Unavailable: busy"),
    ],
)
async def test_a_request_is_made_once_and_to_the_address_that_was_given(
    owner: httpx.AsyncClient, partner: Partner, answers: list[tuple[int, dict[str, str], bytes]], says: str
) -> None:
    partner.answers = answers
    answer = await owner.post(PIPELINE, content=f"pipeline:\n  - http.get: {{url: '{partner.url}'}}\n")
    assert (answer.status_code, says in answer.json()["statusMessage"], len(partner.got)) == (502, True, 1)


async def test_requests_have_the_same_guard(owner: httpx.AsyncClient, partner: Partner) -> None:
    answer = await owner.post(PIPELINE, content=f"pipeline:\n  - http.get: {{url: '{partner.url}'}}\n")
    assert (answer.status_code, "PFNB_ALLOW_TARGETS" in answer.json()["statusMessage"]) == (403, True)


@pytest.mark.usefixtures("allowed")
async def test_the_call_and_its_answer_are_in_the_trace_without_their_secrets(
    server: LocalServer, partner: Partner
) -> None:
    partner.answers = [(200, {"Content-Type": "application/json"}, b'{"ok": true, "token": "t0p"}')]
    text = f"pipeline:\n  - webhook.send: {{url: '{partner.url}/in?token=s3cret', secret: {SECRET}, message: hi}}\n"
    runner, ada = server.site.runner, server.hub.users.user("ada")
    pipeline = parse_pipeline(text, runner.registry)
    result = await runner.run(pipeline, user=ada, owner=ada, hub=server.site.access(ada))
    assert result.steps[0].input == {"url": f"{partner.url}/in?token={MASK}", "secret": MASK, "message": "hi"}
    assert result.steps[0].output == {"ok": True, "token": MASK}
    assert partner.got[0].headers["webhook-signature"]


@pytest.mark.usefixtures("allowed")
async def test_an_endpoint_that_is_a_webhook_of_the_same_hub_makes_no_endless_loop(
    owner: httpx.AsyncClient, server: LocalServer
) -> None:
    async def run(name: str, **parameters: str) -> Any:
        answer = await owner.post(f"/api/v3/command/{name}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    hook = await run("webhook.put", eventKey="round.about", payloadType="raw")
    endpoint = await run("webhook.endpoint.put", url=hook["pathUrl"], eventKey="round.*")
    await run("event.send", key="round.about")
    async with asyncio.timeout(30):
        while not any(row["status"] == "dead" for row in await run("webhook.endpoint.logs", endpoint=endpoint["id"])):
            await asyncio.sleep(0.05)
    [hook] = await run("webhook.get", uuid=hook["uuid"])
    assert hook["received"] == MAX_CHAIN
    [row] = await run("event.delivery.failed")
    assert "33 events led to it" in row["error"]["statusMessage"]


@pytest.mark.usefixtures("allowed")
async def test_an_endpoint_is_managed_by_commands_over_http(owner: httpx.AsyncClient, partner: Partner) -> None:
    async def run(name: str, **parameters: str) -> Any:
        answer = await owner.post(f"/api/v3/command/webhook.endpoint.{name}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    made = await run("put", url=f"{partner.url}/in", eventKey="order.*", headers='{"X-A": "1"}', concurrency="1")
    endpoint = made["id"]
    partner.answers = [(410, {}, b"")]
    assert (await run("test", endpoint=endpoint))["statusCode"] == 410
    sent = (await owner.post("/api/v3/command/event.send", params={"key": "order.placed", "payload": "7"})).json()
    async with asyncio.timeout(10):
        while not (rows := await run("logs", endpoint=endpoint)) or rows[0]["status"] != "succeeded":
            await asyncio.sleep(0.01)
    assert rows[0]["eventId"] == sent["id"]
    assert await run("replay", endpoint=endpoint, eventId=sent["id"]) == {"replayed": 1}
    assert await run("replay", endpoint=endpoint, since="2026-01-01") == {"replayed": 0}
    wrong = {"endpoint": endpoint, "since": "yesterday"}
    refused = await owner.post("/api/v3/command/webhook.endpoint.replay", params=wrong)
    assert (refused.status_code, refused.json()["errorType"]) == (400, "ParameterError")
    former = (await run("secret", endpoint=endpoint))["secret"]
    await run("rotate", endpoint=endpoint, overlap="60")
    assert (await run("secret", endpoint=endpoint))["secret"] != former
    assert [one["headers"] for one in await run("get")] == [["X-A"]]
    assert (await run("delete", endpoint=endpoint))["deleted"]
    assert await run("get") == []
    assert partner.got[1].headers["X-A"] == "1"


async def called(owner: httpx.AsyncClient, partner: Partner, options: str, method: str = "get") -> httpx.Response:
    text = f"body: before\npipeline:\n  - http.{method}: {{url: '{partner.url}/a', {options}}}\n"
    return await owner.post(PIPELINE, content=text)


@pytest.mark.usefixtures("allowed")
async def test_an_error_status_can_be_looked_at(owner: httpx.AsyncClient, partner: Partner) -> None:
    json = {"Content-Type": "application/json", "X-A": "1"}
    partner.answers = [(404, json, b'{"no": 1}'), (302, {"Location": "/b"}, b""), (404, json, b'{"no": 1}')]
    assert (await called(owner, partner, "ignoreErrorStatus: true")).json() == {"no": 1}
    moved = (await called(owner, partner, "ignoreErrorStatus: true, includeResponse: true")).json()
    assert (moved["statusCode"], moved["headers"]["location"], moved["body"]) == (302, "/b", None)
    told = (await called(owner, partner, 'ignoreErrorStatus: "true", includeResponse: "true"')).json()
    assert (told["statusCode"], told["headers"]["x-a"], told["body"]) == (404, "1", {"no": 1})
    assert "request" not in told


@pytest.mark.usefixtures("allowed")
async def test_the_request_is_told_without_its_secrets(owner: httpx.AsyncClient, partner: Partner) -> None:
    answer = await called(
        owner, partner, "includeRequest: true, bearer: s3cret, headers: {X-Api-Token: t0p, X-A: 1}", "post"
    )
    told = answer.json()["request"]
    assert (told["method"], told["url"], told["body"]) == ("POST", f"{partner.url}/a", "before")
    assert told["headers"] == {"Authorization": MASK, "X-Api-Token": MASK, "X-A": "1"}
    assert "s3cret" not in answer.text
    assert partner.got[0].headers["Authorization"] == "Bearer s3cret"


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    ("sent", "body", "forced", "result"),
    [
        ("text/plain", b'{"a": 1}', "application/json", b'{"a":1}'),
        ("text/plain", b'{"a": 1}', "application/json;type=response", b'{"a":1}'),
        ("text/plain", b"no json", "application/json", b"no json"),
        ("image/png", b"\x89PNG", "application/json", b"\x89PNG"),
        ("application/json", b'{"a": 1}', "text/plain", b'{"a": 1}'),
        ("application/json", b'{"a": 1}', "", b'{"a":1}'),
        ("application/json", b'{"a": 1}', "application/octet-stream", b'{"a": 1}'),
    ],
)
async def test_an_answer_is_read_as_the_type_that_is_asked_for(
    owner: httpx.AsyncClient, partner: Partner, sent: str, body: bytes, forced: str, result: bytes
) -> None:
    partner.answers = [(200, {"Content-Type": sent}, body)]
    answer = await called(owner, partner, f"forceContentType: '{forced}'")
    assert answer.content.replace(b": ", b":") == result.replace(b": ", b":")


@pytest.mark.usefixtures("allowed")
async def test_an_answer_is_passed_on_as_it_is(owner: httpx.AsyncClient, partner: Partner) -> None:
    headers = {
        "Content-Type": "image/png",
        "X-A": "1",
        "Set-Cookie": "s=1; Path=/",
        "Strict-Transport-Security": "max-age=9",
    }
    partner.answers = [(418, headers, b"\x89PNG\xff")]
    answer = await called(owner, partner, "passthru: true")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (418, "image/png", b"\x89PNG\xff")
    assert answer.headers["x-a"] == "1"
    assert not {"set-cookie", "strict-transport-security"} & set(answer.headers)


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("method", ["get", "delete"])
async def test_a_body_is_sent_with_any_method_if_it_is_given(
    owner: httpx.AsyncClient, partner: Partner, method: str
) -> None:
    await called(owner, partner, "body: {a: 1}", method)
    assert (partner.got[0].method, partner.got[0].body) == (method.upper(), b'{"a":1}')


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(("ignore", "status"), [("false", 502), ("true", 200)])
async def test_a_request_is_repeated_as_often_as_is_said(
    owner: httpx.AsyncClient, partner: Partner, ignore: str, status: int
) -> None:
    wait = {"Retry-After": "0"}
    partner.answers = [(503, wait, b""), (429, wait, b""), (200, {"Content-Type": "application/json"}, b"[1]")]
    assert (await called(owner, partner, f"retries: 2, ignoreErrorStatus: {ignore}")).json() == [1]
    partner.answers = [(503, wait, b"busy")] * 2
    answer = await called(owner, partner, f"retries: 1, ignoreErrorStatus: {ignore}")
    assert (answer.status_code, len(partner.got)) == (status, 5)
    partner.answers = [(400, wait, b"no")] * 2
    await called(owner, partner, f"retries: 1, ignoreErrorStatus: {ignore}")
    assert len(partner.got) == 6


async def test_a_service_is_refused_with_the_reason(owner: httpx.AsyncClient, partner: Partner) -> None:
    answer = await called(owner, partner, "service: hub:8080")
    assert (answer.status_code, "give the whole url" in answer.json()["statusMessage"]) == (400, True)


@pytest.mark.usefixtures("allowed")
async def test_a_stored_secret_is_not_in_the_request_that_is_told(owner: httpx.AsyncClient, partner: Partner) -> None:
    put = {"name": "key", "secret": "hunter2hunter2", "format": "secret-text"}
    assert (await owner.post("/api/v3/command/secret.put", params=put)).status_code < 300
    answer = await called(owner, partner, "includeRequest: true, headers: {X-Shop: '$uri:secret:key'}")
    assert answer.json()["request"]["headers"] == {"X-Shop": "$uri:secret:key"}
    assert partner.got[0].headers["X-Shop"] == "hunter2hunter2"
