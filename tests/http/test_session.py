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
from pfnb.http.wire import PROTOCOL, bundled, pack, unpack
from pfnb.hub import supervision
from tests.http.conftest import RECEIVE, UUID

HELLO = {"type": "hello", "protocol": PROTOCOL, "session": "s1", "notebook": "a.ipynb", "since": None}


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
        assert (
            connection.close_code,
            "use the same version of pfnb" in (connection.close_reason or ""),
        ) == (1008, True)


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
        assert (await call(connection, "finish_deliveries", ends=[ended]))["value"] == [None]
        (again,) = (await call(connection, "finish_deliveries", ends=[ended]))["value"]
        assert again["errorType"] == "AccessDeniedError"
    assert await server.hub.store.deliveries.pending_counts() == {}


async def test_a_delivery_whose_event_cannot_be_read_comes_later_and_has_not_failed(
    server: LocalServer, anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.01)
    async with session(server) as connection:
        await frame(connection)
        await call(connection, "register_listener", name="lead", pattern="order.*")
    text = "x" * (server.hub.settings.limits.memory + 1)
    await anyone.post(RECEIVE, params={"uuid": UUID}, json={"a": text})
    (body,) = server.hub.settings.bodies.iterdir()
    aside = body.rename(body.with_name("aside"))
    body.mkdir()  # which cannot be read as a file
    async with session(server) as connection:
        await frame(connection)
        await call(connection, "register_listener", name="lead", pattern="order.*")
        async with asyncio.timeout(5):
            while server.hub.dispatcher.trouble("lead") is None:
                await asyncio.sleep(0.01)
        body.rmdir()
        aside.rename(body)
        delivery = await frame(connection)
        assert (delivery["attempt"], delivery["event"]["payload"]) == (1, {"a": text})


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
    (event,) = await server.hub.store.events.since(0, 10)
    async with session(server) as connection:
        await frame(connection)
        for number, expected in ((0, b""), (1, b"1")):
            asked_for = {
                "type": "call",
                "id": 1,
                "method": "read_event_content",
                "arguments": {"id": f"{event.id}.{number}"},
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
        await call(connection, "finish_deliveries", ends=[ended])
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


@asynccontextmanager
async def listening(server: LocalServer, name: str, **hello: Any) -> AsyncIterator[WebSocketClientConnection]:
    """A kernel that listens as `lead`; at the end of the block it is gone without a farewell."""
    connection = await websocket_connect(asked(server, Authorization=f"token {server.token}"))
    await connection.write_message(pack({**HELLO, "session": name, **hello}), binary=True)
    await frame(connection)
    await call(connection, "register_listener", name="lead", pattern="order.*")
    yield connection
    assert connection.protocol is not None
    connection.protocol._abort()
    connection.close()


async def frames(connection: WebSocketClientConnection, count: int) -> AsyncIterator[dict[str, Any]]:
    """The next deliveries, which may come several in one message."""
    while count > 0:
        data = await connection.read_message()
        assert isinstance(data, bytes)
        for head, _ in bundled(*unpack(data)):
            assert head["type"] == "delivery"
            count -= 1
            yield head


async def deliveries(server: LocalServer) -> list[tuple[str, str]]:
    rows = await server.hub.history.runs("lead", "ada", None, 100)
    return [(row["status"], (row["error"] or {}).get("statusMessage", "")) for row in reversed(rows)]


async def ends_while(server: LocalServer, name: str, payload: str) -> None:
    """A kernel that ends while it runs the event with this payload; it finishes all others."""
    async with listening(server, name) as kernel:
        while (delivery := await frame(kernel))["event"]["payload"] != payload:
            ended = {"delivery": delivery["delivery"], "lease": delivery["lease"], "status": "succeeded"}
            await call(kernel, "finish_deliveries", ends=[ended])
    while server.hub.dispatcher.workers("lead"):
        await asyncio.sleep(0.01)


async def test_an_event_that_ends_its_kernel_is_set_aside_after_three_times_and_the_others_go_on(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    async with session(server) as connection:
        await frame(connection)
        await call(connection, "register_listener", name="lead", pattern="order.*")
    for payload in ("deadly", "good"):
        await anyone.post(RECEIVE, params={"uuid": UUID}, json=payload)
    for name in ("k1", "k2", "k3"):
        await ends_while(server, name, "deadly")
    async with listening(server, "k4") as kernel:
        delivery = await frame(kernel)
        assert delivery["event"]["payload"] == "good"
        ended = {"delivery": delivery["delivery"], "lease": delivery["lease"], "status": "succeeded"}
        await call(kernel, "finish_deliveries", ends=[ended])
    dead = "the kernel ended 3 times while it ran: fix the cause, then replay the event"
    assert await deliveries(server) == [("dead", dead), ("succeeded", "")]


async def test_only_what_had_begun_is_blamed_for_the_end_of_a_kernel_that_had_more_of_them(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    async with session(server) as connection:
        await frame(connection)
        await call(connection, "register_listener", name="lead", pattern="order.*")
    for payload in ("deadly", "good", "better"):
        await anyone.post(RECEIVE, params={"uuid": UUID}, json=payload)
    for name in ("k1", "k2", "k3"):
        async with listening(server, name, ahead=True) as kernel:
            assert len([one async for one in frames(kernel, 3)]) == 3
        while server.hub.dispatcher.workers("lead"):
            await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        while (rows := await server.hub.history.runs("lead", "ada", None, 100))[-1]["attempts"] < 3:
            await asyncio.sleep(0.01)
    assert [(row["status"], row["attempts"]) for row in reversed(rows)] == [("pending", 3), *[("pending", 0)] * 2]
    async with listening(server, "k4", ahead=True) as kernel:
        assert [one["event"]["payload"] async for one in frames(kernel, 2)] == ["good", "better"]


async def test_a_connection_that_breaks_again_and_again_sets_nothing_aside(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    async with session(server) as connection:
        await frame(connection)
        await call(connection, "register_listener", name="lead", pattern="order.*")
    await anyone.post(RECEIVE, params={"uuid": UUID}, json="long")
    for _ in range(5):
        await ends_while(server, "the same", "long")
    assert await deliveries(server) == [("pending", "")]
