"""A webhook at a path of its own: received with the path's parameters, and nothing about it given away."""

from __future__ import annotations

import json

import httpx
import pytest

from pfnb.client.event import Event
from pfnb.http.server import LocalServer
from tests.http.conftest import RECEIVE, UNKNOWN, UUID, newest
from tests.hub.conftest import RecordingWorker, listener

PUT = "/api/v3/command/webhook.put"


@pytest.fixture(autouse=True)
async def path(server: LocalServer) -> None:
    await server.hub.webhooks.put({"uuid": UUID, "path": "shops/{shop}/orders/{id}", "public": True}, "ada")


async def test_put_answers_with_its_address_without_the_uuid(server: LocalServer, owner: httpx.AsyncClient) -> None:
    made = (await owner.post(PUT, json={}, params={"eventKey": "a.b", "path": "a/{b}", "public": "true"})).json()
    assert made["webhookUrl"] == f"{server.url}/gateway/a/{{b}}"
    assert made["pathUrl"] == f"{server.url}/hook/{made['uuid']}"
    assert (await owner.post(PUT, params={"eventKey": "a.b", "path": "a/{c}", "public": "true"})).status_code == 400


async def test_the_parameters_are_in_the_event_and_its_log(
    server: LocalServer, anyone: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    worker = RecordingWorker()
    await server.hub.register(listener("a"), worker, replace=False)
    sent = await anyone.patch("/gateway/shops/a%2Fb/orders/gr%C3%BC%C3%9Fe/?x=1", json={"n": 1})
    assert sent.json()["status"] == "running"
    expected = {"shop": "a/b", "id": "grüße"}
    job = await worker.next()
    row = await newest(owner)
    assert (row["path"], row["query"], row["method"]) == (expected, {"x": ["1"]}, "PATCH")
    seen = await server.hub.history.object(job.event)
    assert (seen["path"], seen["payload"]) == (expected, {"n": 1})
    assert Event(row, None, None).path == expected  # type: ignore[typeddict-item,arg-type]


async def test_below_the_gateway_only_the_path_names_a_webhook(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    await server.hub.webhooks.put({"eventKey": "other.key", "uuid": UNKNOWN, "payloadType": "raw"}, "ada")
    both = {"uuid": UNKNOWN, "token": UNKNOWN}
    await anyone.post("/gateway/shops/1/orders/2", params=both, headers={"token": UNKNOWN}, json=both)
    [event] = await server.hub.store.events.of_webhook(UUID, 9, None)
    assert (event.query, event.headers["token"]) == ({"uuid": [UNKNOWN], "token": [UNKNOWN]}, UNKNOWN)
    await anyone.post("/gateway/nowhere", params=both, headers={"token": UNKNOWN}, json=both)
    assert await server.hub.store.events.of_webhook(UNKNOWN, 9, None) == []
    await anyone.post("/gateway/shops/1/orders/2", params={"uuid": UUID}, headers={"referer": f"http://h/hook/{UUID}"})
    [event, _] = await server.hub.store.events.of_webhook(UUID, 9, None)
    assert UUID not in repr((event.query, event.raw_query, event.headers))


async def test_a_path_that_is_nobodys_is_answered_alike(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    async def told(path: str) -> tuple[list[httpx.Response], set[str], set[str]]:
        answers = [await anyone.post(path, json={}) for _ in range(6)]
        repeated = [await anyone.post(path, json={}, headers={"webhook-id": "msg_1"}) for _ in range(2)]
        return answers, {one.json()["traceId"][:6] for one in answers}, {one.json()["traceId"] for one in repeated}

    known, known_ends, known_repeated = await told("/gateway/shops/1/orders/2")
    unknown, unknown_ends, unknown_repeated = await told("/gateway/shops/1/orders")
    for answer in (*known, *unknown):
        assert list(answer.json()) == list(known[0].json())
        assert {**answer.headers, "date": ""} == {**known[0].headers, "date": ""}
    assert len(known_ends) == len(unknown_ends) == 6, "random, or they would tell the end of the uuid"
    assert len(known_repeated) == len(unknown_repeated) == 1
    assert server.hub.last_seq == 7
    for method in ("HEAD", "OPTIONS"):
        pair = [await anyone.request(method, path) for path in ("/gateway/shops/1/orders/2", "/gateway/x")]
        assert {**pair[0].headers, "date": ""} == {**pair[1].headers, "date": ""}


async def test_its_uuid_names_it_still_and_then_there_are_no_parameters(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    await anyone.post(RECEIVE, params={"uuid": UUID}, json={})
    [event] = await server.hub.store.events.of_webhook(UUID, 1, None)
    assert event.path == {}


async def test_a_path_with_a_proof_takes_only_who_has_it_by_whatever_address(
    server: LocalServer, anyone: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    auth = '{"type": "bearer", "token": "s3cret-of-the-shop"}'
    put = await owner.post(PUT, params={"uuid": UUID, "public": "false", "auth": auth})
    assert (put.status_code, put.json()["public"]) == (200, False)
    for address in ("/gateway/shops/1/orders/2", f"/hook/{UUID}", "/gateway/shops/1"):
        told = (await anyone.post(address, json={})).json()
        assert list(told) == ["status", "statusCode", "correlationId", "traceId", "created"]
    assert server.hub.last_seq == 0
    for address in ("/gateway/shops/1/orders/2", f"/hook/{UUID}"):
        await anyone.post(address, json={}, headers={"Authorization": "Bearer s3cret-of-the-shop"})
    assert server.hub.last_seq == 2
    refused = await owner.post(PUT, params={"uuid": UUID, "auth": "none"})
    assert (refused.status_code, "public=true" in refused.json()["statusMessage"]) == (400, True)


async def test_a_refused_request_is_shown_to_the_owner_of_the_path(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    await server.hub.webhooks.put({"uuid": UUID, "methods": "POST"}, "ada")
    refusal = server.hub.refusals.next()
    assert (await anyone.get("/gateway/shops/1/orders/2")).json()["status"] == "running"
    await refusal
    malformed = {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
    refusal = server.hub.refusals.next()
    assert (await anyone.post("/gateway/shops/1/orders/2", **malformed)).status_code == 400  # type: ignore[arg-type]
    await refusal
    assert [row["statusCode"] for row in server.hub.refusals.rows(UUID)] == [400, 405]


async def test_values_of_parameters_are_data(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    await anyone.get("/gateway/shops/%23%7B1+1%7D/orders/..%2F..%2Fetc%00%3Cb%3E")
    [event] = await server.hub.store.events.of_webhook(UUID, 1, None)
    assert event.path == {"shop": "#{1+1}", "id": "../../etc\x00<b>"}
    assert json.loads(json.dumps(event.path)) == event.path
