"""Nobody who knows a webhook's uuid can suppress its events by sending their delivery ids first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.hub import Hub
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import Limits, Received, RequestHead
from pfnb.hub.stores.sql.decoys import KEPT
from pfnb.kernel.widgets.facts import event_facts
from pfnb.language.masking import Mask
from tests.http.conftest import RECEIVE, UNKNOWN, UUID, anyone, owner, server

__all__ = ["anyone", "owner", "server"]
REAL = {"headers": {"X-GitHub-Delivery": "guessed", "X-GitHub-Event": "push"}, "json": {"ref": "main"}}


async def logs(owner: httpx.AsyncClient) -> list[dict[str, Any]]:
    rows = (await owner.get("/api/v3/command/webhook.receive.logs", params={"token": UUID})).json()
    return list(reversed(rows))


@pytest.mark.parametrize(
    "forged",
    [
        {"headers": REAL["headers"], "json": {"ref": "other"}},
        {"headers": REAL["headers"]},
        {"headers": REAL["headers"], "content": b"x" * 100_000},
        {"headers": REAL["headers"], "content": b'{"ref":"main"}'},
        {"headers": {**REAL["headers"], "X-GitHub-Event": "ping"}, "json": REAL["json"]},
        {"headers": {**REAL["headers"], "Content-Encoding": "gzip"}, "json": REAL["json"]},
        {**REAL, "params": {"more": "1"}},
        {"method": "GET", **REAL},
        {"headers": REAL["headers"], "files": {"file": ("a.txt", b"a")}},
    ],
)
async def test_the_real_delivery_is_stored_after_a_forged_one_and_says_so(
    anyone: httpx.AsyncClient, owner: httpx.AsyncClient, forged: dict[str, Any]
) -> None:
    for sent in (forged, REAL, REAL, forged):
        request = {"method": "POST", **sent, "params": {**sent.get("params", {}), "uuid": UUID}}
        assert (await anyone.request(url=RECEIVE, **request)).status_code == 200
    first, second = await logs(owner)
    assert "conflict" not in first
    assert second["conflict"] == first["id"]
    assert second["headers"]["x-github-event"] == "push"


async def test_an_answer_does_not_tell_whether_a_delivery_conflicts(anyone: httpx.AsyncClient) -> None:
    async def ids(uuid: str, body: bytes) -> tuple[Any, ...]:
        answer = await anyone.post(RECEIVE, params={"uuid": uuid}, content=body, headers={"webhook-id": "m1"})
        return tuple(answer.json()[name] for name in ("traceId", "correlationId"))

    for uuid in (UUID, UNKNOWN):
        seen = [await ids(uuid, body) for body in (b"a", b"b", b"a", b"b")]
        assert seen[:2] == seen[2:]
        assert seen[0] != seen[1]


def parted(boundary: str, content: bytes) -> Received:
    heads = (("webhook-id", "parts"), ("Content-Type", f"multipart/form-data; boundary={boundary}"))
    ingest = Ingest(RequestHead("POST", f"uuid={UUID}", heads), Limits(), Path("unused"))
    head = b'Content-Disposition: form-data; name="file"; filename="a.txt"'
    ingest.feed(b"--%b\r\n%b\r\n\r\n%b\r\n--%b--\r\n" % (boundary.encode(), head, content, boundary.encode()))
    return ingest.finish()


async def test_a_form_that_is_parted_by_another_boundary_is_the_same_delivery(server: LocalServer) -> None:
    hub: Hub = server.hub
    first, again, other = [await hub.receive(parted(*one)) for one in (("A", b"1"), ("B", b"1"), ("C", b"2"))]
    assert first.event_id == again.event_id != other.event_id
    assert [one.conflict for one in await hub.store.events.since(0, 10)] == [None, first.event_id]


async def test_many_different_bodies_under_one_id_name_the_first_and_keep_nothing_in_memory(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    for number in range(50):
        await anyone.post(RECEIVE, params={"uuid": UUID}, json=number, headers={"Idempotency-Key": "flood"})
    events = await server.hub.store.events.since(0, 100)
    assert [one.conflict for one in events] == [None, *[events[0].id] * 49]


async def test_decoys_are_bounded_and_keep_nothing_that_was_sent(
    server: LocalServer, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    for number in range(KEPT + 20):
        sent = {"secret": "do-not-keep-me", "number": number}
        await anyone.post(RECEIVE, params={"uuid": UNKNOWN}, json=sent, headers={"X-Mine": "do-not-keep-me"})
    with server.hub.store.database.engine.connect() as connection:  # type: ignore[attr-defined]
        assert connection.exec_driver_sql("SELECT count(*) FROM decoys").scalar() == KEPT
    kept = b"".join(file.read_bytes() for file in (tmp_path / "hub").glob("pfnb.sqlite*"))
    assert b"do-not-keep-me" not in kept
    assert UNKNOWN.encode() not in kept
    assert await server.hub.store.events.since(0, 10) == []


async def test_the_notebook_shows_which_event_a_delivery_contradicts(
    anyone: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    for body in (b"forged", b"real"):
        await anyone.post(RECEIVE, params={"uuid": UUID}, content=body, headers={"webhook-id": "m1"})
    first, second = await logs(owner)
    assert ["same delivery id as", first["id"]] in event_facts(second, Mask.for_entries([second]))["ids"]
