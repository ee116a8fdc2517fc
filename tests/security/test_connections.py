"""Callers that hold on to their connections take nothing from the owner, nor for long from anybody else."""

from __future__ import annotations

import asyncio
import resource
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from pfnb.exceptions import ParameterError
from pfnb.http.capacity import Capacity
from pfnb.http.server import LocalServer
from pfnb.http.wire import PROTOCOL, pack, unpack
from pfnb.hub.home import HubOptions
from tests.hub.conftest import RecordingWorker, listener
from tests.live.environment import own_environment
from tests.live.jupyter_server import jupyter_server
from tests.live.served import RECEIVE, TOKEN, Served, served

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
BODY = "Content-Length: 5000"
QUICK = 2.0
"""Seconds in which the owner is answered, on a busy machine."""


@contextmanager
def holding(hub: Served, number: int, *beginnings: bytes, address: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """So many connections that have sent these and then do nothing."""
    with ExitStack() as stack:
        held = []
        for each in range(number):
            connection = stack.enter_context(socket.create_connection(hub.address, 20, source_address=(address, 0)))
            with suppress(ConnectionError):  # it may have been refused
                connection.sendall(beginnings[each % len(beginnings)])
            held.append(connection)
        yield held


def closed(connections: list[socket.socket]) -> int:
    """How many of them the hub has closed."""
    readable = [each for each in connections if select.select([each], [], [], 0)[0]]
    number = 0
    for each in readable:
        try:
            number += not each.recv(65536, socket.MSG_PEEK) or not _open_after(each)
        except ConnectionError:
            number += 1
    return number


def _open_after(connection: socket.socket) -> bool:
    """Read what was answered. Whether the connection goes on."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            continue
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return False


def until_closed(connections: list[socket.socket], seconds: float) -> float:
    """Seconds until all of them are closed."""
    began = time.monotonic()
    while (number := closed(connections)) < len(connections):
        assert time.monotonic() - began < seconds, f"{len(connections) - number} of {len(connections)} are still open"
        time.sleep(0.05)
    return time.monotonic() - began


def receive(hub: Served, address: str = "127.0.0.1", **headers: str) -> int:
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(transport=transport, timeout=10) as client:
        return client.post(f"http://{hub.netloc}{RECEIVE}", json={}, headers=headers).status_code


async def greet(hub: Served) -> dict[str, object]:
    """Open a session, as a kernel does."""
    url = f"{hub.url.replace('http', 'ws', 1)}/api/v3/session"
    connection = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {TOKEN}"}))
    await connection.write_message(pack({"type": "hello", "protocol": PROTOCOL, "session": "s"}), binary=True)
    message = await connection.read_message()
    connection.close()
    assert isinstance(message, bytes)
    return unpack(message)[0]


def the_owner_is_answered(hub: Served) -> None:
    began = time.monotonic()
    client = hub.client()
    assert client.command("webhook.get") == []
    client.close()
    assert httpx.get(f"{hub.url}/healthz", trust_env=False).json() == {"status": "ok"}
    assert asyncio.run(greet(hub))["type"] == "welcome"
    assert time.monotonic() - began < 3 * QUICK


def stuck(hub: Served) -> tuple[bytes, ...]:
    """Requests that never end: nothing, half a head, half a body for the receiver, for a command, for an address of nothing."""
    return (
        b"",
        hub.head()[:-8],
        *(
            hub.head(path, BODY) + b"\r\n{"
            for path in (RECEIVE, "/pfnb/api/v3/command/log", "/pfnb/healthz", "/nowhere")
        ),
    )


def test_hundreds_of_stuck_connections_of_each_kind_leave_the_owner_room(tmp_path: Path) -> None:
    with served(tmp_path) as hub, holding(hub, 900, *stuck(hub)):
        the_owner_is_answered(hub)
        assert receive(hub) == 200


def test_bodies_that_stop_in_the_middle_take_no_more_than_the_share_of_their_address(tmp_path: Path) -> None:
    with served(tmp_path) as hub, holding(hub, 600, hub.head(RECEIVE, BODY) + b"\r\n{", address="127.0.0.2"):
        the_owner_is_answered(hub)
        assert receive(hub) == 200
        assert receive(hub, "127.0.0.2") == 503


def test_behind_a_trusted_proxy_the_share_is_that_of_the_caller(tmp_path: Path) -> None:
    words = (
        "--uploads-per-address",
        "3",
        "--connections-per-address",
        "2",
        "--trusted-proxies",
        "127.0.0.2, 10.0.0.0/8",
    )
    with served(tmp_path, *words) as hub:
        stuck_one = hub.head(RECEIVE, BODY, "X-Forwarded-For: 9.9.9.9, 192.0.2.7, 10.1.1.1") + b"\r\n{"
        with holding(hub, 3, stuck_one, address="127.0.0.2"):
            assert receive(hub, "127.0.0.2", **{"X-Forwarded-For": "192.0.2.7"}) == 503
            assert receive(hub, "127.0.0.2", **{"X-Forwarded-For": "192.0.2.8"}) == 200
            assert receive(hub, **{"X-Forwarded-For": "192.0.2.7"}) == 200, "an unknown proxy names nobody"


def test_whoever_trickles_or_waits_is_closed_in_time(tmp_path: Path) -> None:
    words = ("--head-seconds", "1", "--body-seconds", "1", "--idle-seconds", "1.5")
    with served(tmp_path, *words) as hub:
        whole = hub.head(RECEIVE, "Content-Length: 2") + b"\r\n{}"
        again = whole + hub.head()[:-8]
        beginnings = (*stuck(hub), whole, again)
        with holding(hub, 2 * len(beginnings), *beginnings) as held:
            deadline = time.monotonic() + 12  # a refused body may come for five seconds
            while (number := closed(held)) < len(held):
                assert time.monotonic() < deadline, f"{len(held) - number} are still open"
                for each in held:
                    with suppress(OSError):
                        each.send(b"x")  # one byte, again and again
                time.sleep(0.1)
        assert receive(hub) == 200


def test_refused_requests_do_not_accumulate(tmp_path: Path) -> None:
    with served(tmp_path) as hub:
        before = hub.process.num_fds()
        with holding(hub, 600, hub.head("/pfnb/api/v3/command/log", BODY) + b"\r\n{") as held:
            assert httpx.get(f"{hub.url}/healthz", trust_env=False).status_code == 200
            assert hub.process.num_fds() - before < 200
            until_closed(held, 10)


def test_beyond_the_most_connections_a_new_one_takes_the_place_of_the_oldest(tmp_path: Path) -> None:
    with served(tmp_path, "--max-connections", "40") as hub:
        before = hub.process.num_fds()
        with holding(hub, 200, b"", hub.head(RECEIVE, BODY) + b"\r\n{") as held:
            the_owner_is_answered(hub)
            assert hub.process.num_fds() - before < 60
            assert closed(held) >= 150


def test_an_address_with_too_many_connections_gives_up_its_own(tmp_path: Path) -> None:
    with served(tmp_path, "--connections-per-address", "20") as hub, holding(hub, 5, b"") as mine:
        with holding(hub, 60, b"", address="127.0.0.2") as theirs:
            assert receive(hub, "127.0.0.2") == 200
            assert closed(theirs) >= 40
        assert closed(mine) == 0


def test_at_the_limit_of_descriptors_it_rests_and_goes_on_when_there_are_some(tmp_path: Path) -> None:
    with served(tmp_path) as hub:
        assert receive(hub) == 200  # what is opened once is open now
        full = hub.process.num_fds()
        limits = resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE, (full - 1, limits[1]))
        with holding(hub, 30, b""):
            time.sleep(0.3)
            used = sum(hub.process.cpu_times()[:2])
            time.sleep(2)
            used = sum(hub.process.cpu_times()[:2]) - used
            assert used < 0.5, f"{used:.1f} s of processor time while nothing can be done"
            assert hub.log.read_text().count("new connections must wait") == 1
            assert hub.log.read_text().count("\n") < 10
            resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE, limits)
            the_owner_is_answered(hub)


def test_serve_may_open_as_many_files_as_the_system_allows(tmp_path: Path) -> None:
    hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 5_000)
    with served(tmp_path, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))) as hub:
        assert resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE)[0] == hard


def test_bounds_come_from_flags_then_from_the_environment() -> None:
    environ = {"PFNB_MAX_UPLOADS": "7", "PFNB_BODY_SECONDS": "2.5", "PFNB_TRUSTED_PROXIES": "10.0.0.0/8 ::1"}
    chosen = Capacity.chosen(environ, {"max_uploads": "9", "max_waiting": None})
    assert (chosen.max_uploads, chosen.body_seconds, chosen.max_waiting) == (9, 2.5, 512)
    assert list(map(str, chosen.trusted_proxies)) == ["10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_uploads", "0"), ("max_uploads", "1.5"), ("body_seconds", "nan"), ("trusted_proxies", "10.0.0.0/33")],
)
def test_a_bound_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ParameterError, match=name):
        Capacity.chosen({}, {name: value})


def test_in_a_jupyter_server_bodies_that_stop_end_in_time_and_jupyter_goes_on(tmp_path: Path) -> None:
    environment = own_environment(tmp_path) | {"PFNB_BODY_SECONDS": "1", "PFNB_MAX_UPLOADS": "40"}
    with jupyter_server(tmp_path, environment, TOKEN, tmp_path / "log") as server:
        hub = Served(server.hub_url, psutil.Process(), tmp_path, tmp_path / "log")
        paths = (
            RECEIVE,
            "/pfnb/api/v3/command/log",
            "/pfnb/healthz",
            "/pfnb/api/v3/openapi.json",
            "/pfnb/api/v3/session",
        )
        with holding(hub, 120, *(hub.head(path, BODY) + b"\r\n{" for path in paths)) as held:
            client = hub.client()
            assert client.command("webhook.get") == []
            client.close()
            assert httpx.get(f"{hub.url}/healthz", trust_env=False).status_code == 200
            answer = httpx.get(f"{server.url}api/status", headers={"Authorization": f"token {TOKEN}"}, trust_env=False)
            assert answer.status_code == 200
            until_closed(held, 12)
        assert receive(hub) == 200


async def test_callers_that_wait_have_places_and_a_share_of_their_own(tmp_path: Path) -> None:
    server = LocalServer(HubOptions(tmp_path, owner="ada"), capacity=Capacity(max_waiting=2))
    await server.start()
    await server.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    await server.hub.register(listener("lead"), RecordingWorker(), replace=False)
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"{server.url}/api/v3/command/webhook.receive"
            waits = {"uuid": UUID, "wait": "true", "timeout": "20"}
            first = asyncio.create_task(client.post(url, params=waits, json={}))
            async with asyncio.timeout(10):
                while not server.hub.outcomes._expected:
                    await asyncio.sleep(0.01)
            refused = await client.post(url, params=waits, json={})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            unknown = await client.post(url, params={**waits, "uuid": UUID.replace("0", "9")}, json={})
            assert unknown.status_code == 503, "who guesses a uuid learns nothing"
            assert (await client.post(url, params={"uuid": UUID}, json={})).status_code == 200
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            async with asyncio.timeout(10):
                while not server.site.waiting.has_share("127.0.0.1"):
                    await asyncio.sleep(0.01)
    finally:
        await server.stop()


def test_who_reads_nothing_of_the_answer_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pfnb.http.connections.UNREAD_SECONDS", 0.5)

    async def scenario() -> None:
        server = LocalServer(HubOptions(tmp_path, owner="ada"))
        await server.start()
        try:
            parts = urlsplit(server.url)
            place = parts.hostname or "", parts.port or 0
            with socket.socket() as greedy, socket.create_connection(place):
                greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                greedy.connect(place)
                head = f"GET /pfnb/api/v3/pipeline.schema.json HTTP/1.1\r\nHost: h\r\nAuthorization: token {server.token}\r\n\r\n"
                greedy.setblocking(False)
                with suppress(BlockingIOError):
                    greedy.send(head.encode() * 40)
                (connections,) = server._servers
                async with asyncio.timeout(20):
                    while len(connections._connections) < 2:
                        await asyncio.sleep(0.01)
                    while len(connections._connections) > 1:
                        await asyncio.sleep(0.05)
                # It counted once: else there would be room for more than there is.
                assert (connections._count, connections._by_address) == (1, {"127.0.0.1": 1})
        finally:
            await server.stop()

    asyncio.run(scenario())
