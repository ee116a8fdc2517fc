"""The anonymous door: what is accepted, how it is answered, and what it gives away to strangers (nothing)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from pfnb.http import upload
from pfnb.http.server import LocalServer
from pfnb.hub.records.delivery import Outcome
from tests.http.conftest import RECEIVE, UNKNOWN, UUID, newest
from tests.hub.conftest import RecordingWorker, listener

VOLATILE = ("correlationId", "traceId", "created")


async def test_a_200_means_the_event_is_in_the_store(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    answer = await anyone.post(RECEIVE, params={"uuid": UUID}, json={"a": 1})
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["status", "statusCode", "correlationId", "traceId", "created"]
    assert (body["status"], body["statusCode"]) == ("running", 200)
    assert body["traceId"].startswith("6936bd:")
    assert len(body["traceId"]) == 14
    (event,) = await server.hub.store.events.since(0, 10)
    assert (event.trace_id, event.correlation_id) == (body["traceId"], body["correlationId"])


@pytest.mark.parametrize(
    "sent",
    [
        {"headers": {"token": UUID}},
        {"params": {"token": UUID}},
        {"params": {"uuid": UUID}},
        {"data": {"uuid": UUID, "x": "1"}},
        {"data": {"token": UUID}},
        {"files": {"uuid": (None, UUID), "file": ("a.txt", b"a")}},
        {"files": {"token": (None, UUID), "file": ("a.txt", b"a")}},
        {"json": {"uuid": UUID, "x": 1}},
        {"json": {"token": UUID, "x": 1}},
        {"params": {"uuid": UUID.upper()}},
        {"params": {"token": "jupyters-own-token", "uuid": UUID}},
        {"json": {"token": "xoxb-slack", "uuid": UUID}},
        {"url": f"/hook/{UUID}"},
        {"url": f"/hook/{UUID.upper()}/", "json": {"a": 1}},
        {"url": f"{RECEIVE}/{UUID}", "data": {"x": "1"}},
        {"url": f"/hook/{UUID}", "params": {"uuid": UUID, "a": "1"}, "headers": {"Token": f"{UUID}, {UUID}"}},
        {"url": f"{RECEIVE}?uuid={UUID}?a=1"},
        {
            "url": f"/hook/{UUID}",
            "headers": {"Referer": f"https://h/hook/{UUID.upper()}", "X-Original-URI": f"/hook/{UUID}"},
        },
    ],
)
async def test_a_webhook_can_be_named_in_every_documented_way(
    server: LocalServer, anyone: httpx.AsyncClient, sent: dict[str, object]
) -> None:
    assert (await anyone.post(**{"url": RECEIVE, **sent})).status_code == 200
    (event,) = await server.hub.store.events.since(0, 10)
    shown = json.dumps([event.headers, event.query, event.fields, (await server.hub.history.object(event))["payload"]])
    assert UUID not in shown.lower()


async def test_get_takes_the_query_as_payload(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    await anyone.get(RECEIVE, params={"uuid": UUID, "name": "Ada", "tag": ["a", "b"]})
    (event,) = await server.hub.store.events.since(0, 10)
    assert (await server.hub.history.object(event))["payload"] == {"name": "Ada", "tag": ["a", "b"]}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"a": 1,\n  "a": 2}'),
        ("application/json", b"{not json"),
        ("text/plain; charset=klingon", b"qapla\xff"),
        ("application/xml", b"<?xml version='1.0'?><a/>"),
        ("application/octet-stream", bytes(range(256))),
        ("application/x-www-form-urlencoded", b"a=%ff&b=1+2"),
        ("", b"no type at all"),
    ],
)
async def test_bodies_are_kept_byte_for_byte(
    anyone: httpx.AsyncClient, owner: httpx.AsyncClient, content_type: str, body: bytes
) -> None:
    answer = await anyone.post(RECEIVE, params={"uuid": UUID}, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200
    assert base64.b64decode((await newest(owner))["body"]) == body


async def test_every_file_of_a_multipart_body_is_kept(anyone: httpx.AsyncClient, owner: httpx.AsyncClient) -> None:
    large = bytes(range(256)) * 1000
    files = [
        ("file", ("report.pdf", b"%PDF-1.4 small", "application/pdf")),
        ("anything", ("../../photo.png", large, "image/png")),
        ("note", (None, "hello")),
    ]
    assert (await anyone.post(RECEIVE, params={"uuid": UUID}, files=files)).status_code == 200
    row = await newest(owner)
    assert [(one["field"], one["filename"], one["size"]) for one in row["files"]] == [
        ("file", "report.pdf", 14),
        ("anything", "photo.png", 256_000),
    ]
    assert row["files"][1]["sha256"] == hashlib.sha256(large).hexdigest()
    assert row["fields"] == {"note": ["hello"]}


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST", "json": {"a": 1}},
        {"method": "GET"},
        {"method": "PUT", "json": {}},
        {"method": "POST", "content": b"x" * 512_001},
        {"method": "POST", "content": b"x" * 4_194_305},
        {"method": "POST", "content": b"--B", "headers": {"Content-Type": "multipart/form-data; boundary=B"}},
        {"method": "POST", "json": {}, "params": {"wait": "true"}},
        {"method": "POST", "json": {}, "params": {"wait": "true", "timeout": "soon"}},
    ],
)
async def test_a_stranger_cannot_tell_a_known_uuid_from_an_unknown_one(
    server: LocalServer, anyone: httpx.AsyncClient, request_: dict[str, object]
) -> None:
    async def ask(uuid: str) -> tuple[int, dict[str, str], dict[str, object]]:
        params = {**request_.get("params", {}), "uuid": uuid}
        answer = await anyone.request(**{**request_, "url": RECEIVE, "params": params})
        fixed = {name: value for name, value in answer.headers.items() if name != "date"}
        return answer.status_code, fixed, {k: v for k, v in answer.json().items() if k not in VOLATILE}

    known, unknown = await ask(UUID), await ask(UNKNOWN)
    assert known == unknown
    await server.hub.webhooks.put({"uuid": UUID, "active": False}, "ada")
    assert await ask(UUID) == known


async def test_refusals_have_the_fitting_status_and_store_nothing(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    statuses = {
        "over the webhook's limit": (await anyone.post(RECEIVE, params={"uuid": UUID}, content=b"x" * 512_001)),
        "over the hard limit": (await anyone.post(RECEIVE, params={"uuid": UUID}, content=b"x" * 4_194_305)),
        "wrong method": (await anyone.request("PROPFIND", RECEIVE, params={"uuid": UUID})),
        "a large body that waits for nonsense": (
            await anyone.post(RECEIVE, params={"uuid": UUID, "wait": "true", "timeout": "soon"}, content=b"x" * 100_000)
        ),
        "malformed": (
            await anyone.post(
                RECEIVE,
                params={"uuid": UUID},
                content=b"--B\r\njunk",
                headers={"Content-Type": "multipart/form-data; boundary=B"},
            )
        ),
    }
    assert {name: answer.status_code for name, answer in statuses.items()} == {
        "over the webhook's limit": 413,
        "over the hard limit": 413,
        "wrong method": 405,
        "a large body that waits for nonsense": 400,
        "malformed": 400,
    }
    for answer in statuses.values():
        assert answer.json()["status"] == "error"
    assert await server.hub.store.events.since(0, 10) == []
    assert list(server.hub.settings.bodies.iterdir()) == []


async def test_a_chunked_body_is_cut_at_the_hard_limit_while_it_streams(anyone: httpx.AsyncClient) -> None:
    async def endless() -> object:
        for _ in range(80):
            yield b"x" * 65536

    answer = await anyone.post(RECEIVE, params={"uuid": UUID}, content=endless())
    assert answer.status_code == 413


async def test_a_body_without_a_declared_length_is_taken_up_to_the_hubs_limit_however_little_is_drained(
    server: LocalServer, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "DRAIN", 1_000_000)

    async def long() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65536

    assert (await owner.post("/api/v3/command/log?message=x", content=long())).status_code == 200
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {address.path}{RECEIVE}?uuid={UUID} HTTP/1.1\r\nHost: {address.netloc}\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n{10**9:x}\r\n".encode() + b"x" * 6_000_000)
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_body_that_breaks_off_or_is_too_slow_leaves_nothing(server: LocalServer) -> None:
    server.site.gate.seconds = 0.2
    address = urlsplit(server.url)
    head = (
        f"POST {address.path}{RECEIVE}?uuid={UUID} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Content-Type: text/plain\r\nContent-Length: 200000\r\n\r\n"
    ).encode() + b"x" * 100_000

    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(head)
    assert b"408" in await asyncio.wait_for(reader.readline(), 5)
    writer.close()

    with socket.create_connection((address.hostname, address.port)) as broken:
        broken.sendall(head)
    async with asyncio.timeout(5):
        while list(server.hub.settings.bodies.iterdir()):
            await asyncio.sleep(0.01)
    assert await server.hub.store.events.since(0, 10) == []


async def test_too_many_requests_at_once_are_told_to_come_back(
    server: LocalServer, anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.site.gate, "places", 0)
    answer = await anyone.post(RECEIVE, params={"uuid": UUID}, json={})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def answering(server: LocalServer, outcome: Outcome) -> None:
    """Register a listener whose next run ends so."""
    worker = RecordingWorker()
    await server.hub.register(listener("lead"), worker, replace=False)

    async def answer() -> None:
        job = await worker.next()
        await server.hub.dispatcher.finish(job.delivery.id, job.lease, outcome)

    server.hub.tasks.spawn(answer(), "test worker")


async def test_wait_answers_with_the_value_of_the_pipeline(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    await answering(server, Outcome(True, {"score": 7}))
    answer = await anyone.post(RECEIVE, params={"uuid": UUID, "wait": "true"}, json={})
    assert answer.json() == {"status": "finished", "statusCode": 200, "value": {"score": 7}}


async def test_wait_answers_as_the_pipeline_set_it_but_for_what_only_the_server_may_set(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    headers = {"Location": "/leads/7", "Content-Type": "text/html", "Set-Cookie": "a=b", "X-A": "b\r\nX-Injected: 1"}
    headers |= {"X-Content-Type-Options": "none", "Service-Worker-Allowed": "/"}
    await answering(server, Outcome(True, "x", response={"status": 201, "headers": headers, "body": "<b>made</b>"}))
    answer = await anyone.post(RECEIVE, params={"uuid": UUID, "wait": "true"}, json={})
    assert (answer.status_code, answer.text, answer.headers["location"]) == (201, "<b>made</b>", "/leads/7")
    assert answer.headers["set-cookie"] == "a=b; Path=/pfnb/api/v3/command/webhook.receive"
    assert not {"x-a", "x-injected", "service-worker-allowed"} & set(answer.headers)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")


async def test_wait_tells_of_a_failed_pipeline_nothing_but_the_trace_id(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    await answering(server, Outcome(False, error={"statusMessage": "secret detail"}))
    answer = await anyone.post(RECEIVE, params={"uuid": UUID, "wait": "true"}, json={})
    assert answer.status_code == 500
    assert set(answer.json()) == {"status", "statusCode", "traceId"}


async def test_wait_gives_up_at_its_timeout_with_the_ordinary_answer(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    await server.hub.register(listener("lead"), RecordingWorker(), replace=False)
    answer = await anyone.post(RECEIVE, params={"uuid": UUID, "wait": "true", "timeout": "0.05"}, json={})
    assert answer.json()["status"] == "running"


async def test_a_kernel_that_is_away_counts_as_listening(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    away = RecordingWorker()
    await server.hub.register(listener("lead"), away, replace=False)
    await server.hub.dispatcher.detach(away)
    waiting = asyncio.create_task(anyone.post(RECEIVE, params={"uuid": UUID, "wait": "true"}, json={}))
    async with asyncio.timeout(5):
        while not await server.hub.store.events.since(0, 1):
            await asyncio.sleep(0.01)
    back = RecordingWorker()
    await server.hub.register(listener("lead"), back, replace=False)
    job = await back.next()
    await server.hub.dispatcher.finish(job.delivery.id, job.lease, Outcome(True, "late"))
    assert (await waiting).json()["value"] == "late"


async def test_health_says_ok_and_nothing_else(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get("/healthz")
    assert (answer.status_code, answer.json(), "server" in answer.headers) == (200, {"status": "ok"}, False)


async def test_a_body_that_announces_far_too_much_is_refused_before_it_is_sent(server: LocalServer) -> None:
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"POST {address.path}{RECEIVE}?uuid={UUID} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n".encode()
    )
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_large_body_has_as_much_more_time_as_has_come_of_it(server: LocalServer) -> None:
    server.site.gate.seconds = 0.1
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = (
        f"POST {address.path}{RECEIVE}?uuid={UUID} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 500000\r\n\r\n"
    )
    writer.write(head.encode() + b"x" * 400_000)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readline(), 0.5)  # it would have been refused five times over
    writer.write(b"x" * 100_000)
    assert b" 200 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_sender_who_asks_first_is_refused_before_its_body(server: LocalServer) -> None:
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {address.path}{RECEIVE}?uuid={UUID} HTTP/1.1\r\nHost: {address.netloc}\r\n"
    writer.write(f"{head}Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n".encode())
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_data_directory_that_is_moved_away_is_a_503_until_it_is_back(
    server: LocalServer, anyone: httpx.AsyncClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def answers() -> tuple[int, int]:
        receiving = await anyone.post(RECEIVE, params={"uuid": UUID}, json={})
        assert str(tmp_path) not in receiving.text
        return receiving.status_code, (await anyone.get("/healthz")).status_code

    assert await answers() == (200, 200)
    (tmp_path / "hub").rename(tmp_path / "away")
    assert [await answers() for _ in range(3)] == [(503, 503)] * 3
    said = [one.getMessage() for one in caplog.records if "was moved or removed" in one.getMessage()]
    assert len(said) == 1
    (tmp_path / "away").rename(tmp_path / "hub")
    assert await answers() == (200, 200)
