"""What each HTTP method does at a webhook's address, and what browsers of other sites may do."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from pfnb.exceptions import ParameterError
from pfnb.http.server import LocalServer
from tests.http.conftest import RECEIVE, UNKNOWN, UUID, newest

ADDRESSES = (f"{RECEIVE}?uuid={UUID}", f"/hook/{UUID}", f"{RECEIVE}/{UUID}")
METHODS = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
PREFLIGHT = {
    "Origin": "https://shop.example",
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "content-type, x-shop",
}
SHOP = "https://shop.example"


async def refusals(server: LocalServer, expected: int) -> list[str]:
    deadline = time.monotonic() + 10
    while server.hub.refusals.count(UUID) < expected and time.monotonic() < deadline:
        await server.hub.refusals.next()
    return [row["reason"] for row in server.hub.refusals.rows(UUID)]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_method_is_received_and_told(
    server: LocalServer, anyone: httpx.AsyncClient, owner: httpx.AsyncClient, method: str
) -> None:
    for address in ADDRESSES:
        assert (await anyone.request(method, address, content=b"x")).json()["status"] == "running"
        row = await newest(owner)
        assert (row["method"], row["contentLength"]) == (method, 1)
    assert server.hub.last_seq == len(ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_head_answers_as_get_and_stores_nothing(
    server: LocalServer, anyone: httpx.AsyncClient, address: str
) -> None:
    head, unknown = await anyone.head(address), await anyone.head(address.replace(UUID, UNKNOWN))
    assert (server.hub.last_seq, head.status_code, head.content) == (0, 200, b"")
    got = await anyone.get(address)
    for answer in (head, unknown):
        assert {**answer.headers, "date": ""} == {**got.headers, "date": ""}


async def test_a_page_of_any_site_may_call_after_it_has_asked(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    for address in (*ADDRESSES, f"/hook/{UNKNOWN}"):
        asked = await anyone.options(address, headers=PREFLIGHT)
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["access-control-allow-origin"] == "*"
        assert asked.headers["access-control-allow-methods"] == asked.headers["allow"] == METHODS
        assert asked.headers["access-control-allow-headers"] == "content-type, x-shop"
    assert server.hub.last_seq == 0
    for sent in (anyone.post(ADDRESSES[0], json={}), anyone.post(RECEIVE, json={}), anyone.post("/hook/1")):
        answer = await sent
        assert answer.headers.get("access-control-allow-origin") == ("*" if answer.status_code != 404 else None)


@pytest.mark.parametrize("sent", [{"params": {"wait": "true", "timeout": "x"}}, {"content": b"x" * 5_000_000}])
async def test_a_page_can_read_why_its_request_was_refused(anyone: httpx.AsyncClient, sent: dict[str, Any]) -> None:
    for uuid in (UUID, UNKNOWN):
        refused = await anyone.put(f"/hook/{uuid}", **sent)
        assert refused.status_code in (400, 413)
        assert refused.headers["access-control-allow-origin"] == "*"


async def test_the_handshake_of_cloud_events_is_answered(anyone: httpx.AsyncClient) -> None:
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
    for uuid in (UUID, UNKNOWN):
        answer = await anyone.options(f"/hook/{uuid}", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["webhook-allowed-origin"] == "eventgrid.azure.net"
        assert answer.headers["webhook-allowed-rate"] == "*"
        assert answer.headers["allow"] == METHODS


async def test_what_cannot_be_repeated_in_an_answer_is_not(anyone: httpx.AsyncClient) -> None:
    odd = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "a\tb",
        "WebHook-Request-Origin": "\xff",
    }
    answer = await anyone.options(
        f"/hook/{UUID}", headers=[(name, value.encode("latin-1")) for name, value in odd.items()]
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-headers"] == answer.headers["webhook-allowed-origin"] == "*"


@pytest.mark.parametrize("path", [ADDRESSES[0], f"/hook/{UNKNOWN}", "/api/v3/openapi.json"])
async def test_a_method_that_there_is_not_is_answered_with_those_there_are(owner: httpx.AsyncClient, path: str) -> None:
    refused = await owner.request("PROPFIND", path)
    assert refused.status_code == 405
    assert refused.headers["allow"] == ("GET" if "openapi" in path else METHODS)


async def test_pages_of_other_origins_are_answered_like_an_unknown_webhook_and_their_events_are_not_stored(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    await server.hub.webhooks.put({"uuid": UUID, "cors": f"{SHOP}/, http://[::1]:3000"}, "ada")
    assert (await anyone.post(f"/hook/{UUID}", headers={"Origin": SHOP})).status_code == 200
    assert (await anyone.post(f"/hook/{UUID}")).status_code == 200
    assert server.hub.last_seq == 2
    shown = [
        await anyone.post(f"/hook/{uuid}?wait=true", headers={"Origin": "https://evil.example"})
        for uuid in (UUID, UNKNOWN)
    ]
    assert [list(one.json()) for one in shown] == [list(shown[0].json())] * 2
    assert {**shown[0].headers, "date": ""} == {**shown[1].headers, "date": ""}
    assert server.hub.last_seq == 2
    (reason,) = await refusals(server, 1)
    assert "https://evil.example" in reason


async def test_no_page_may_call_where_cors_is_none_and_all_where_it_is_empty_again(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    await server.hub.webhooks.put({"uuid": UUID, "cors": "none"}, "ada")
    await anyone.post(f"/hook/{UUID}", headers={"Origin": SHOP})
    assert server.hub.last_seq == 0
    await server.hub.webhooks.put({"uuid": UUID, "cors": ""}, "ada")
    await anyone.post(f"/hook/{UUID}", headers={"Origin": SHOP})
    assert server.hub.last_seq == 1


@pytest.mark.parametrize(
    "given", ["shop.example", "https://shop.example/path", "ftp://a", ["none", SHOP], "null", [1], 7]
)
async def test_what_is_not_an_origin_is_refused(server: LocalServer, given: object) -> None:
    with pytest.raises(ParameterError, match="cors"):
        await server.hub.webhooks.put({"uuid": UUID, "cors": given}, "ada")
