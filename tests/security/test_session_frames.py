"""Whatever a session sends, it is answered with an error of pfnb's own, or its connection ends with a reason. Other sessions go
on, and the hub's log has no traceback."""

from __future__ import annotations

import asyncio
import inspect
import json
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tornado.websocket import WebSocketClientConnection, websocket_connect

from pfnb.exceptions import PfnbError
from pfnb.http.ports import Ended, finish_deliveries
from pfnb.http.protocol import CALLS as DECLARED
from pfnb.http.protocol import OF_COMMANDS, OF_KERNELS
from pfnb.http.server import LocalServer
from pfnb.http.session_calls import WorkerCalls
from pfnb.http.wire import unpack
from pfnb.hub.access import HubAccess
from pfnb.hub.kernel_access import KernelAccess
from pfnb.hub.origin import Origin
from pfnb.hub.people.iam import Iam
from tests.http.conftest import UUID
from tests.http.test_session import HELLO, asked
from tests.security.strange_values import NO_JSON, STRANGE, nested, strange

BATCH = 100
SOME_OR_ALL = pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.faults)], ids=["some", "all"])
"""Every fifth call, by which each argument still gets each kind of value, or every one."""
FINE: dict[str, Any] = {
    "action": "list_users", "content": {"content": "$uri:attachment:x"}, "content_id": "x", "content_type": "text/plain",
    "delivery": 1, "fields": {"eventKey": "order.placed"}, "id": "x", "key": "order.placed", "lease": "x", "listener": "lead",
    "name": "lead", "overlap": 1, "path": "global/app/demo/x", "pattern": "order.*", "seconds": 0.01, "status": "succeeded",
    "timeout": 0.01, "to": "global/app/demo/y", "username": "ada", "uuid": UUID, "value": 1,
}  # fmt: skip
MAPS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "put_webhook": ("fields", FINE["fields"], ("eventKey", "uuid", "payloadType", "maxPayloadLength", "active", "x")),
    "put_property": ("fields", {"value": ""}, ("value", "defaultValue", "type", "timeToLive", "tags", "x")),
    "list_events": ("filter", {}, ("key", "webhook", "status", "text", "since", "until", "x")),
    "register_listener": ("retry", {"times": 1}, ("times", "wait", "backoff", "x")),
}
"""Arguments that are maps with fields of their own: the call, the argument, fields that are fine, all fields."""


def _arguments_of(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(function).parameters if name not in ("self", "hub", "data"))


CALLS = {
    **{name: _arguments_of(getattr(HubAccess, name)) for name in OF_COMMANDS if name != "iam"},
    **{name: _arguments_of(getattr(KernelAccess, name)) for name in OF_KERNELS if name != "finish_deliveries"},
    "finish_deliveries": _arguments_of(finish_deliveries),
    "iam": ("action", "fields"),
}
Call = tuple[str, dict[str, Any]]


def fine(names: Iterable[str]) -> dict[str, Any]:
    return {name: FINE[name] for name in names if name in FINE}


def each_argument() -> list[Call]:
    """Every argument of every call, and every field of those that are maps, with every strange value."""
    calls = [
        (method, {**fine(names), name: value})
        for method, names in CALLS.items()
        for name in (*names, "as_user", "self", "unknown")
        for value in STRANGE
    ]
    for method, (argument, known, fields) in MAPS.items():
        mine = fine(CALLS[method])
        calls += [(method, {**mine, argument: {**known, field: value}}) for field in fields for value in STRANGE]
    of_an_end = _arguments_of(Ended)
    end = fine(of_an_end)
    calls += [
        ("finish_deliveries", {"ends": [end, {**end, field: value}]})
        for field in (*of_an_end, "x")
        for value in STRANGE
    ]
    return calls


def each_iam_field(server: LocalServer) -> list[Call]:
    iam = Iam(server.hub.users, server.hub.audit, server.hub.users.user("ada"), Origin("session"))
    actions = {name: _arguments_of(action.do) for name, action in iam._actions.items()}
    return [
        ("iam", {"action": action, "fields": {**dict.fromkeys(names, "x"), name: value}})
        for action, names in actions.items()
        for name in (*names, "self", "action", "unknown")
        for value in STRANGE
    ]


async def send(connection: WebSocketClientConnection, header: str, data: bytes = b"") -> None:
    head = header.encode()
    await connection.write_message(struct.pack("!I", len(head)) + head + data, binary=True)


async def heard(connection: WebSocketClientConnection) -> dict[str, Any] | None:
    """The next frame but deliveries; None at the end of the connection."""
    while True:
        data = await asyncio.wait_for(connection.read_message(), 20)
        if data is None:
            return None
        assert isinstance(data, bytes)
        head = unpack(data)[0]
        if head["type"] not in ("delivery", "revoked"):
            return head


@asynccontextmanager
async def connected(
    server: LocalServer, hello: str | None = json.dumps(HELLO)
) -> AsyncIterator[WebSocketClientConnection]:
    connection = await websocket_connect(asked(server, Authorization=f"token {server.token}"))
    if hello is not None:
        await send(connection, hello)
    yield connection
    connection.close()
    while connection.close_code is None and await heard(connection) is not None:
        pass


async def check_answers(server: LocalServer, calls: list[Call]) -> None:
    """Make all calls. None may end the connection, and no answer may be a foreign error."""
    async with connected(server) as connection:
        assert ((await heard(connection)) or {})["type"] == "welcome"
        for start in range(0, len(calls), BATCH):
            numbered = dict(enumerate(calls[start : start + BATCH], start))
            for number, (method, arguments) in numbered.items():
                await send(
                    connection, json.dumps({"type": "call", "id": number, "method": method, "arguments": arguments})
                )
            open_calls = {
                number
                for number, (method, _) in numbered.items()
                if method not in DECLARED or not DECLARED[method].waits
            }
            while open_calls:
                answer = await heard(connection)
                assert answer is not None, f"closed: {connection.close_code} {connection.close_reason}"
                open_calls.discard(answer["id"])
                check(answer, calls[answer["id"]])


def check(answer: dict[str, Any], about: object) -> None:
    value = answer.get("value")
    of_ends = value if isinstance(about, tuple) and about[0] == "finish_deliveries" and value else []
    for error in [answer["error"]] if answer["type"] == "error" else of_ends:
        assert error["errorType"] != "HttpError", (about, error)
        assert error["statusCode"] < 500, (about, error)


@pytest.fixture
async def sound(
    server: LocalServer, owner: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[LocalServer]:
    """A hub that is found sound after the test: it answers, and its log has no traceback."""
    yield server
    assert (await owner.get("/healthz")).status_code == 200
    assert [record.getMessage() for record in caplog.get_records("call") if record.exc_info] == []


@SOME_OR_ALL
async def test_an_argument_of_a_wrong_type_is_the_callers_error(sound: LocalServer, step: int) -> None:
    await check_answers(sound, each_argument()[::step])


@SOME_OR_ALL
async def test_a_field_of_a_wrong_type_is_the_callers_error_about_users_too(sound: LocalServer, step: int) -> None:
    await check_answers(sound, each_iam_field(sound)[::step])


some_calls = st.lists(
    st.sampled_from(sorted(CALLS)).flatmap(
        lambda method: st.tuples(
            st.just(method),
            st.fixed_dictionaries({}, optional={name: strange | st.just(FINE.get(name)) for name in CALLS[method]}),
        )
    ),
    min_size=20,
    max_size=40,
)


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls=some_calls)
async def test_several_wrong_arguments_are_too(sound: LocalServer, calls: list[Call]) -> None:
    await check_answers(sound, calls)


@pytest.mark.parametrize("name", ["method", "arguments", "id"])
async def test_a_call_is_answered_whatever_its_parts_are(sound: LocalServer, name: str) -> None:
    async with connected(sound) as connection:
        await heard(connection)
        for value in STRANGE:
            await send(connection, json.dumps({"type": "call", "id": 1, "method": "describe", name: value}))
            answer = await heard(connection)
            assert answer is not None, (name, value)
            check(answer, value)


async def test_the_error_names_the_call_and_the_argument(sound: LocalServer) -> None:
    async with connected(sound) as connection:
        await heard(connection)
        for arguments, words in (
            ([1], "list_runs: arguments must be a JSON object, not [1]"),
            ({"listener": "x", "limit": "many"}, "list_runs: limit: "),
            (
                {"listener": "x", "limit": 2**70},
                "list_runs: limit: Input should be a whole number of at most 64 bits",
            ),
        ):
            await send(connection, json.dumps({"type": "call", "id": 1, "method": "list_runs", "arguments": arguments}))
            error = ((await heard(connection)) or {})["error"]
            assert (error["errorType"], error["statusMessage"][: len(words)]) == ("ParameterError", words)


NO_FRAMES = {
    "nothing": b"",
    "too short": b"\x00\x00",
    "a length without a header": b"\xff\xff\xff\xff",
    "no JSON": b"\x00\x00\x00\x01{",
    "bytes that are no text": b"\x00\x00\x00\x02\xff\xfe",
    "a list": b"\x00\x00\x00\x02[]",
    "a second hello": struct.pack("!I", len(json.dumps(HELLO))) + json.dumps(HELLO).encode(),
    "an unknown type": b'\x00\x00\x00\x0c{"type":"x"}',
    "a deep nest": b"\x00\x01\x00\x00" + b"[" * 65_536,
}


@pytest.mark.parametrize("data", NO_FRAMES.values(), ids=NO_FRAMES.keys())
@pytest.mark.parametrize("greeted", [False, True])
async def test_what_is_no_frame_ends_its_own_session_with_a_reason(
    sound: LocalServer, data: bytes, greeted: bool
) -> None:
    async with connected(sound) as other, connected(sound, json.dumps(HELLO) if greeted else None) as connection:
        if greeted or data != NO_FRAMES["a second hello"]:
            await connection.write_message(data, binary=True)
            while await heard(connection) is not None:
                pass
            assert (connection.close_code, bool(connection.close_reason)) == (1008, True)
        await heard(other)
        await send(other, json.dumps({"type": "call", "id": 1, "method": "describe"}))
        assert ((await heard(other)) or {})["type"] == "result"


@pytest.mark.parametrize("text", NO_JSON)
async def test_what_only_pythons_json_has_is_refused_or_answered(sound: LocalServer, text: str) -> None:
    async with connected(sound) as connection:
        await heard(connection)
        head = (
            '{"type": "call", "id": %s, "method": "put_cached", "arguments": {"key": "k", "value": %s, "seconds": 5}}'
        )
        await send(connection, head % (text, text))
        answer = await heard(connection)
        if answer is None:
            assert (connection.close_code, bool(connection.close_reason)) == (1008, True)
        else:
            check(answer, text)


@pytest.mark.parametrize("name", ["type", "protocol", "session", "notebook", "since"])
async def test_a_hello_is_taken_or_refused_with_a_reason(sound: LocalServer, name: str) -> None:
    for value in STRANGE:
        async with connected(sound, json.dumps({**HELLO, name: value})) as connection:
            answer = await heard(connection)
            if answer is None:
                assert (connection.close_code, bool(connection.close_reason)) == (1008, True), value
                continue
            for method in ("next_event", "list_listeners"):
                await send(
                    connection,
                    json.dumps({"type": "call", "id": 1, "method": method, "arguments": fine(CALLS[method])}),
                )
                check((await heard(connection)) or {}, value)


@pytest.mark.parametrize("name", ["owner", "as_user"])
async def test_a_worker_names_owners_and_users_by_texts(sound: LocalServer, name: str) -> None:
    class Worker:
        session = "w"

    calls = WorkerCalls(sound.site, Worker(), Origin("worker"))  # type: ignore[arg-type]
    for value in STRANGE:
        with pytest.raises(PfnbError):
            await calls.run("describe", {"owner": "ada", name: value})


@pytest.mark.parametrize("depth", [480, 700, 900])
@pytest.mark.parametrize("method", ["finish_deliveries", "put_cached", "send_event"])
async def test_a_value_that_a_kernel_can_send_never_ends_its_session(
    sound: LocalServer, method: str, depth: int
) -> None:
    async with connected(sound) as connection:
        await heard(connection)
        for value in (nested(depth), [nested(depth - 10), "\ud800"]):
            arguments = {**fine(CALLS[method]), "payload" if method == "send_event" else "value": value}
            if method == "finish_deliveries":
                arguments = {"ends": [{**fine(_arguments_of(Ended)), "value": value}]}
            await send(connection, json.dumps({"type": "call", "id": 1, "method": method, "arguments": arguments}))
            answer = await heard(connection)
            assert answer is not None, (connection.close_code, connection.close_reason)
            check(answer, depth)
