"""The hub's end of a session, spoken to frame by frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from pfnb.http.server import LocalServer
from pfnb.http.wire import pack, unpack
from tests.http.conftest import RECEIVE, UUID

HELLO = {"type": "hello", "protocol": 1, "session": "s1", "notebook": "a.ipynb", "since": None}


def asked(server: LocalServer, **headers: str) -> HTTPRequest:
    return HTTPRequest(f"ws{server.url.removeprefix('http')}/api/v3/session", headers=headers)


@asynccontextmanager
async def session(server: LocalServer, **hello: Any) -> AsyncIterator[WebSocketClientConnection]:
    connection = await websocket_connect(asked(server, Authorization=f"token {server.token}"))
    await connection.write_message(pack({**HELLO, **hello}), binary=True)
    yield connection
    connection.close()
    while connection.close_code is None and await connection.read_message() is not None:
        pass  # what was on its way; the socket is closed behind it


async def frame(connection: WebSocketClientConnection) -> dict[str, Any]:
    data = await connection.read_message()
    assert isinstance(data, bytes)
    return unpack(data)[0]


async def call(connection: WebSocketClientConnection, method: str, **arguments: Any) -> dict[str, Any]:
    await connection.write_message(
        pack({"type": "call", "id": 1, "method": method, "arguments": arguments}), binary=True
    )
    return await frame(connection)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}])
async def test_only_the_hubs_token_opens_a_session(server: LocalServer, headers: dict[str, str]) -> None:
    with pytest.raises(HTTPClientError, match="401"):
        await websocket_connect(asked(server, **headers))


async def test_no_page_in_a_browser_opens_a_session(server: LocalServer) -> None:
    with pytest.raises(HTTPClientError, match="403"):
        await websocket_connect(asked(server, Authorization=f"token {server.token}", Origin="http://evil.example"))


async def test_the_welcome_says_what_the_kernel_needs_to_tell_its_user(server: LocalServer) -> None:
    async with session(server) as connection:
        assert await frame(connection) == {
            "type": "welcome",
            "owner": "ada",
            "roles": ["ADMIN", "CAN_PIPE_%", "CAN_RUN_AS_SOURCE"],
            "hub": server.url,
            "durable": True,
            "publicUrl": None,
            "since": 0,
            "notebook": "a.ipynb",
        }


async def test_another_protocol_is_refused_with_what_to_do(server: LocalServer) -> None:
    async with session(server, protocol=99) as connection:
        assert await connection.read_message() is None
        assert (connection.close_code, "use the pfnb of this hub" in (connection.close_reason or "")) == (1008, True)


async def test_unknown_calls_and_arguments_are_the_callers_error(server: LocalServer) -> None:
    async with session(server) as connection:
        await frame(connection)
        unknown = await call(connection, "steal_everything")
        assert (unknown["type"], unknown["error"]["errorType"]) == ("error", "ParameterError")
        wrong = await call(connection, "register_listener", name="lead")
        assert "register_listener" in wrong["error"]["statusMessage"]


async def test_a_delivery_goes_to_its_session_and_its_end_is_stored(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    async with session(server) as connection:
        await frame(connection)
        await call(connection, "register_listener", name="lead", pattern="order.*")
        await anyone.post(RECEIVE, params={"uuid": UUID}, json={"a": 1})
        delivery = await frame(connection)
        assert (delivery["type"], delivery["listener"], delivery["attempt"]) == ("delivery", "lead", 1)
        assert delivery["event"]["payload"] == {"a": 1}
        assert "body" not in delivery["entry"]
        ended = {"delivery": delivery["delivery"], "lease": delivery["lease"], "status": "succeeded", "value": 1}
        assert (await call(connection, "finish_delivery", **ended))["type"] == "result"
        again = await call(connection, "finish_delivery", **ended)
        assert again["error"]["errorType"] == "AccessDeniedError"
    assert await server.hub.store.pending_counts() == {}


async def test_a_hub_that_stops_takes_leave_of_its_sessions() -> None:
    server = LocalServer()
    await server.start()
    async with session(server) as connection:
        await frame(connection)
        await server.stop()
        assert await connection.read_message() is None
        assert connection.close_code == 1001


async def test_the_bytes_of_an_empty_file_are_an_answer_too(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    files = [("file", ("empty.txt", b"")), ("file", ("one.txt", b"1"))]
    await anyone.post(RECEIVE, params={"uuid": UUID}, files=files)
    (event,) = await server.hub.store.events_since(0, 10)
    async with session(server) as connection:
        await frame(connection)
        for number, expected in ((0, b""), (1, b"1")):
            asked_for = {
                "type": "call",
                "id": 1,
                "method": "read_content",
                "arguments": {"content_id": f"{event.id}.{number}"},
            }
            await connection.write_message(pack(asked_for), binary=True)
            data = await asyncio.wait_for(connection.read_message(), 5)
            assert isinstance(data, bytes)
            head, body = unpack(data)
            assert (head["type"], body) == ("result", expected)


async def test_a_session_lists_watches_reads_and_replays_events(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    async with session(server) as connection:
        await frame(connection)
        cursor = (await call(connection, "watch_events"))["value"]["cursor"]
        await anyone.post(RECEIVE, params={"uuid": UUID}, json={"a": 1})
        seen = (await call(connection, "watch_events", cursor=cursor, filter={"key": "order.*"}))["value"]
        page = (await call(connection, "list_events", filter={"webhook": UUID}, limit=5))["value"]
        assert seen["events"] == page["events"]
        event = page["events"][0]["id"]
        without = (await call(connection, "read_event", id=event, body=False))["value"]
        assert (without["seq"], without["event"]["payload"], "body" in without) == (1, {"a": 1}, False)
        assert (await call(connection, "read_event", id=event))["value"] == {**without, "body": "eyJhIjoxfQ=="}
        await call(connection, "register_listener", name="lead", pattern="order.*")
        (replayed,) = (await call(connection, "replay_event", id=event))["value"]["deliveries"]
        delivery = await frame(connection)
        assert (delivery["delivery"], delivery["event"]["id"]) == (replayed["id"], event)
        steps = [{"number": 1}]
        ended = {"delivery": delivery["delivery"], "lease": delivery["lease"], "status": "succeeded", "steps": steps}
        await call(connection, "finish_delivery", **ended)
        assert (await call(connection, "read_steps", delivery=replayed["id"]))["value"] == steps
        (run,) = (await call(connection, "list_runs", listener="lead"))["value"]
        assert (run["id"], run["eventId"], run["status"]) == (replayed["id"], event, "succeeded")


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({"filter": {"kee": "a"}}, "kee"),
        ({"filter": {"status": "done"}}, "filter.status"),
        ({"limit": 501}, "limit"),
        ({"limit": 0}, "limit"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused_by_name(
    server: LocalServer, arguments: dict[str, Any], wrong: str
) -> None:
    async with session(server) as connection:
        await frame(connection)
        error = (await call(connection, "list_events", **arguments))["error"]
        assert (error["errorType"], wrong in error["statusMessage"]) == ("ParameterError", True)
