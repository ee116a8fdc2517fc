"""What was refused is counted for the webhook's owner, and tells strangers nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.hub.records.query import EventFilter
from pfnb.hub.refusals import NEWEST
from tests.http.conftest import PIPEFORCES_LIMITS, RECEIVE, UNKNOWN, UUID

LOGS = "/api/v3/command/webhook.receive.logs"
MALFORMED = {"content": b"--B\r\njunk", "headers": {"Content-Type": "multipart/form-data; boundary=B"}}


async def refused(owner: httpx.AsyncClient) -> list[dict[str, Any]]:
    return (await owner.get(LOGS, params={"uuid": UUID, "refused": "true"})).json()


@pytest.mark.parametrize(
    ("sent", "status", "size", "limit", "reason"),
    [
        ({"content": b"x" * 512_001}, 413, 512_001, 512_000, "maxPayloadLength"),
        ({"content": b"x" * 4_194_305}, 413, 4_194_305, 4_194_304, "--max-payload"),
        (MALFORMED, 400, 9, None, "multipart"),
        ({"content": b"", "headers": {"Content-Type": "multipart/form-data"}}, 400, 0, None, "boundary"),
        ({"params": {"wait": "true", "timeout": "soon"}, "json": {}}, 400, 2, None, "timeout must be a number"),
    ],
)
async def test_the_owner_sees_what_was_refused_with_its_size_and_limit(
    anyone: httpx.AsyncClient,
    owner: httpx.AsyncClient,
    sent: dict[str, Any],
    status: int,
    size: int,
    limit: int | None,
    reason: str,
) -> None:
    answer = await anyone.post(RECEIVE, **{**sent, "params": {**sent.get("params", {}), "uuid": UUID}})
    assert answer.status_code == status
    assert reason in answer.json()["statusMessage"]
    assert answer.json().get("limit") == limit
    (row,) = await refused(owner)
    assert (row["statusCode"], row["size"], row["limit"], row["count"]) == (status, size, limit, 1)
    assert row["reason"] == answer.json()["statusMessage"]
    (webhook,) = (await owner.get("/api/v3/command/webhook.get", params={"uuid": UUID})).json()
    assert (webhook["refused"], webhook["received"]) == (1, 0)
    assert (await owner.get(LOGS, params={"uuid": UUID})).json() == []


async def test_a_body_that_is_too_slow_or_finds_no_place_is_counted(
    server: LocalServer, anyone: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    server.site.gate.seconds = 0.1
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"POST {address.path}{RECEIVE} HTTP/1.1\r\nHost: {address.netloc}\r\nToken: {UUID}\r\nContent-Length: 9\r\n\r\n".encode()
    )
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    server.site.gate.places = 0
    assert (await anyone.post(RECEIVE, params={"uuid": UUID}, json={})).status_code == 503
    assert [row["statusCode"] for row in await refused(owner)] == [503, 408]


async def test_what_strangers_send_fills_neither_memory_nor_the_list(
    server: LocalServer, anyone: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    for _ in range(NEWEST + 5):
        await anyone.post(RECEIVE, **{**MALFORMED, "params": {"uuid": UUID}})
        await anyone.post(RECEIVE, **{**MALFORMED, "params": {"uuid": UNKNOWN}})
    rows = await refused(owner)
    assert [row["count"] for row in rows] == [NEWEST + 5] * NEWEST
    assert server.hub.refusals._kept.keys() == {UUID, ""}


async def test_what_was_refused_is_known_after_a_restart_until_the_webhook_is_deleted(
    server: LocalServer, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    await anyone.post(RECEIVE, **{**MALFORMED, "params": {"uuid": UUID}})
    before = server.hub.refusals.rows(UUID)
    assert len(before) == 1
    await server.stop()
    again = LocalServer(HubOptions(tmp_path / "hub", PIPEFORCES_LIMITS, owner="ada"))
    await again.start()
    try:
        assert again.hub.refusals.rows(UUID) == before
        await again.hub.webhooks.delete(UUID, "ada")
    finally:
        await again.stop()
    with closing(sqlite3.connect(tmp_path / "hub" / "pfnb.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM refusals WHERE webhook != ''").fetchone() == (0,)


async def test_who_watches_events_learns_of_a_refusal_at_once(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    history, everything = server.hub.history, EventFilter()
    cursor = (await history.watch("ada", everything, None, 0))["cursor"]
    watching = asyncio.create_task(history.watch("ada", everything, cursor, 30, refused=0))
    await asyncio.sleep(0)
    await anyone.post(RECEIVE, **{**MALFORMED, "params": {"uuid": UUID}})
    assert (await asyncio.wait_for(watching, 5))["events"] == []
    assert server.hub.refusals.number("ada", everything) == 1
    assert server.hub.refusals.number("eve", everything) == 0


async def test_more_requests_than_the_webhooks_rate_get_429_and_the_owner_sees_them(
    anyone: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    put = {"uuid": UUID, "rate": "1/minute burst 2"}
    answer = await owner.post("/api/v3/command/webhook.put", params=put)
    assert answer.status_code == 200, answer.text
    answers = [await anyone.post(RECEIVE, params={"uuid": UUID}, json={}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].json()["errorType"] == "RateLimitError"
    (row,) = await refused(owner)
    assert (row["statusCode"], row["count"]) == (429, 1)
    assert "(rate)" in row["reason"]


async def test_addresses_that_may_not_call_get_the_answer_of_an_unknown_webhook(
    anyone: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    put = {"uuid": UUID, "allow": "192.0.2.0/24"}
    answer = await owner.post("/api/v3/command/webhook.put", params=put)
    assert answer.status_code == 200, answer.text
    sent = {"json": {}, "headers": {"X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7"}}
    answers = [await anyone.post(RECEIVE, params={"uuid": uuid}, **sent) for uuid in (UUID, UNKNOWN)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json().keys() == answers[1].json().keys()
    (row,) = await refused(owner)
    assert (row["statusCode"], row["count"]) == (403, 1)
    assert "127.0.0.1" in row["reason"]
    assert (await owner.get(LOGS, params={"uuid": UUID})).json() == []
