"""Frames of a session whose parts or ends are wrong hold up nobody, and spoil nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psutil
import pytest
from tornado.websocket import WebSocketClientConnection

from pfnb.http.parts import Path
from pfnb.http.ports import MAX_ENDS
from pfnb.http.server import LocalServer
from pfnb.http.wire import LONG, MAX_FRAME, PARTS, Incoming, pack
from tests.http.conftest import RECEIVE, UUID, anyone, owner, server
from tests.http.test_session import call, frame, session
from tests.security.test_session_frames import check, connected, heard, sound

__all__ = ["anyone", "owner", "server", "sound"]
LEVELS = 900


def nesting(path: Path) -> list[tuple[Path, bytes]]:
    """Parts that fill the list at this path, the second one deep inside of the first."""
    part = b"[" * LEVELS + b"]" * LEVELS
    return [(path, part), ((*path, *[0] * (LEVELS - 1)), part)]


async def send_parts(
    connection: WebSocketClientConnection, head: dict[str, Any], parts: list[tuple[Path, bytes]]
) -> None:
    places = [[path, len(part)] for path, part in parts]
    data = b"".join(part for _, part in parts)
    await connection.write_message(pack({"type": "call", "id": 1, **head, PARTS: places}, data), binary=True)


@asynccontextmanager
async def running(
    server: LocalServer, anyone: httpx.AsyncClient, events: int
) -> AsyncIterator[tuple[WebSocketClientConnection, list[dict[str, Any]], list[asyncio.Task[httpx.Response]]]]:
    """A session that runs a listener for these events: their ends so far, and their callers, who wait."""
    async with session(server) as connection, asyncio.TaskGroup() as callers:
        await frame(connection)
        await call(connection, "register_listener", name="lead", pattern="order.*", concurrency=events)
        asked = {"uuid": UUID, "wait": "true"}
        waiting = [callers.create_task(anyone.post(RECEIVE, params=asked, json={})) for _ in range(events)]
        deliveries = [await frame(connection) for _ in range(events)]
        ends = [{"delivery": one["delivery"], "lease": one["lease"], "status": "succeeded"} for one in deliveries]
        yield connection, ends, waiting


@pytest.mark.parametrize("pairs", [b"[[1, 2]]", b"[[null, 2]]", b'[["x", 2]]', b'"xy"', b"1", b"null"])
@pytest.mark.parametrize("place", ["map", "list"])
async def test_items_that_do_not_fit_end_their_session_with_a_reason(
    sound: LocalServer, pairs: bytes, place: str
) -> None:
    if place == "list" and pairs.startswith(b"["):
        pairs = b'{"a": 1}'
    async with connected(sound) as connection:
        await heard(connection)
        head = {"method": "describe", "arguments": {"map": {}, "list": []}}
        await send_parts(connection, head, [(("arguments", place), pairs)])
        assert await heard(connection) is None
        assert (connection.close_code, connection.close_reason) == (1008, "a part of a frame does not fit its place")


async def test_a_long_frame_takes_no_memory_before_it_arrives() -> None:
    this = psutil.Process()
    before = this.memory_info().rss
    connections = [Incoming() for _ in range(5)]
    for incoming in connections:
        await incoming.frame(pack({"type": LONG, "size": MAX_FRAME}))
    assert this.memory_info().rss - before < MAX_FRAME


@pytest.mark.parametrize("field", ["error", "steps"])
async def test_an_end_that_cannot_be_stored_spoils_no_other(
    sound: LocalServer, anyone: httpx.AsyncClient, field: str
) -> None:
    async with running(sound, anyone, 3) as (connection, ends, waiting):
        wrong: dict[str, Any] = {**ends[1], field: {"x": []} if field == "error" else [{"x": []}]}
        path: Path = ("arguments", "ends", 1, field, *([0] if field == "steps" else []), "x")
        arguments = {"ends": [ends[0], wrong, ends[2]]}
        await send_parts(connection, {"method": "finish_deliveries", "arguments": arguments}, nesting(path))
        first, second, third = (await frame(connection))["value"]
        assert (first, second["errorType"], third) == (None, "ParameterError", None)
        assert await sound.hub.store.deliveries.pending_counts() == {"lead": 1}
        assert (await call(connection, "finish_deliveries", ends=[ends[1]]))["value"] == [None]
        assert [(await one).status_code for one in waiting] == [200] * 3


RESPONSES: list[Any] = [
    {}, {"status": "x"}, {"status": 99}, {"status": 101}, {"status": 600}, {"status": None}, {"status": 2**70},
    {"status": 200, "headers": []}, {"status": 200, "headers": {"A": 1}}, {"status": 200, "x": 1}, "x", 1, [],
]  # fmt: skip


async def test_a_response_that_is_none_is_refused_before_anybody_gets_it(
    sound: LocalServer, anyone: httpx.AsyncClient
) -> None:
    async with running(sound, anyone, 1) as (connection, (end,), (waiting,)):
        for response in RESPONSES:
            answer = await call(connection, "finish_deliveries", ends=[{**end, "response": response}])
            assert answer["type"] == "error", response
            check(answer, response)
        response = {"status": 201, "headers": {"X-A": "b"}, "body": "made"}
        assert (await call(connection, "finish_deliveries", ends=[{**end, "response": response}]))["value"] == [None]
        got = await waiting
        assert (got.status_code, got.headers["X-A"], got.text) == (201, "b", "made")


async def test_one_call_has_a_bounded_number_of_ends(sound: LocalServer) -> None:
    end = {"delivery": 1, "lease": "x", "status": "succeeded"}
    async with session(sound) as connection:
        await frame(connection)
        answer = await call(connection, "finish_deliveries", ends=[end] * (MAX_ENDS + 1))
        assert answer["error"]["errorType"] == "ParameterError"
        assert "at most 1000 items" in answer["error"]["statusMessage"]
