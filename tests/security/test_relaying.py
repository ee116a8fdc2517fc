"""Servers of one user pass requests on to their hub, and to nobody else, one request on each connection."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tornado.httpclient import HTTPRequest
from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import websocket_connect

from pfnb import commands, functions
from pfnb.http.capacity import Capacity
from pfnb.http.site import Peer, Site
from pfnb.http.vouch import Vouching
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.language.running.runner import Runner
from pfnb.server.inner import Inner
from pfnb.server.one_hub import OneHub
from pfnb.server.proven import NotOurHubError, proven
from pfnb.server.relay import _write

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
SECRET = "the-secret-of-all-servers"
OWNER = {"Authorization": f"Bearer {SECRET}"}
RECEIVE = f"/api/v3/command/webhook.receive?uuid={UUID}"


class Server:
    """What pfnb is within one Jupyter Server."""

    def __init__(self, folder: Path, capacity: Capacity) -> None:
        self.inner = Inner(SECRET)
        self.url = self.inner.url
        self.one_hub = OneHub(
            folder,
            self.url,
            self.inner.vouching,
            lambda: Home(HubOptions(folder, owner="ada")),
            self._site,
            logging.getLogger("pfnb.test"),
            capacity,
        )
        self._capacity = capacity

    def _site(self, hub: Hub) -> Site:
        return Site(
            hub,
            Runner(commands.load(), functions.registry),
            lambda: self.url,
            self._peer_of,
            self.url,
            capacity=self._capacity,
        )

    async def _peer_of(self, request: object) -> Peer | None:
        return Peer("ada", "a-kernel", "a.ipynb")

    async def start(self) -> None:
        self.inner.open(self.one_hub, "ada", self._peer_of, self._capacity)
        await self.one_hub.open()

    async def stop(self) -> None:
        await self.one_hub.close()
        await self.inner.close()


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Server]:
    made = Server(tmp_path, Capacity())
    await made.start()
    assert made.one_hub.site is not None
    await made.one_hub.site.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    yield made
    await made.stop()


@pytest.fixture
async def joined(hub: Server, tmp_path: Path) -> AsyncIterator[Server]:
    made = Server(tmp_path, Capacity(max_uploads=3, uploads_per_address=1, max_waiting=2))
    await made.start()
    yield made
    await made.stop()


@contextmanager
def listening(port: int, talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Somebody who listens at this port."""
    with socket.create_server(("127.0.0.1", port)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=speak, args=[server.accept()[0]], daemon=True).start()

        def speak(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                talk(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/pfnb"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


async def said(url: str, request: str) -> bytes:
    """All that is answered to these bytes until the connection ends."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(request.encode())
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def request(path: str, *headers: str, method: str = "GET") -> str:
    return "\r\n".join([f"{method} /pfnb{path} HTTP/1.1", "Host: 127.0.0.1", *headers]) + "\r\n\r\n"


async def test_whoever_takes_the_port_of_an_ended_hub_is_sent_no_request(hub: Server, joined: Server) -> None:
    heard = bytearray()

    def pretend(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            heard.extend(data)
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"proof": "me"}')

    async with httpx.AsyncClient(base_url=joined.url, trust_env=False, timeout=20) as caller:
        assert (await caller.post(RECEIVE, json={})).status_code == 200
        await hub.inner.close()
        with listening(urlsplit(hub.url).port or 0, pretend):
            asking = asyncio.create_task(
                caller.post(RECEIVE, content=b"the body", headers={"Authorization": "Bearer the-token"})
            )
            while joined.one_hub._remote is not None:
                await asyncio.sleep(0.01)
            await hub.one_hub.close()  # now its data directory is free
            assert (await asking).status_code == 200  # this server has taken the hub over, and stored it
    assert b"nonce=" in heard
    for secret in (b"the body", b"the-token", UUID.encode(), b"X-Pfnb-Vouched", SECRET.encode()):
        assert secret not in heard


async def test_a_proof_that_another_hub_gave_counts_for_nothing(hub: Server) -> None:
    port = urlsplit(hub.url).port

    def pass_on(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as there:
            there.sendall(connection.recv(65536))
            connection.sendall(there.recv(65536))
            connection.recv(1)

    with listening(0, pass_on) as url:
        with pytest.raises(NotOurHubError):
            await proven(url, Vouching(SECRET, ""))
        # Nor does it on another connection, if that hub were even thought to listen there.
        hub.inner.vouching._url = url
        with pytest.raises(NotOurHubError):
            await proven(url, Vouching(SECRET, ""))
        hub.inner.vouching._url = hub.url
    (await proven(hub.url, Vouching(SECRET, ""))).close()


@pytest.mark.parametrize(
    ("path", "body", "status"), [(RECEIVE, "{}", 200), ("/healthz", "", 200), ("/api/v3/session", "", 426)]
)
async def test_no_request_brings_a_second_one_with_it(joined: Server, path: str, body: str, status: int) -> None:
    """That of the session is refused here, since it names no version."""
    headers = ["Connection: keep-alive, Upgrade", "Upgrade: websocket"]
    first = request(path, *headers, f"Content-Length: {len(body)}", method="POST") if body else request(path, *headers)
    answer = await said(joined.url, first + body + request("/api/v3/hub?nonce=1"))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"proof" not in answer
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_headers_of_one_connection_are_not_passed_on(hub: Server, joined: Server) -> None:
    headers = "Connection: X-Mine, Content-Length", "X-Mine: 1", "X-Other: 2", "Keep-Alive: 3", "TE: trailers"
    answer = await said(joined.url, request(RECEIVE, *headers, "Content-Length: 2", method="POST") + "{}")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.lower().count(b"connection:") == 1
    async with httpx.AsyncClient(base_url=hub.url, headers=OWNER, trust_env=False) as owner:
        kept = (await owner.get("/api/v3/command/webhook.receive.logs", params={"uuid": UUID})).json()[0]
    assert (kept["contentLength"], kept["headers"]["x-other"]) == (2, "2")
    assert not {"x-mine", "keep-alive", "te", "upgrade", "x-pfnb-vouched"} & set(kept["headers"])


async def test_a_session_of_a_kernel_is_passed_on(joined: Server) -> None:
    address = joined.url.replace("http:", "ws:") + "/api/v3/session"
    session = await websocket_connect(HTTPRequest(address, request_timeout=10))
    await session.write_message(b"no hello", binary=True)
    assert await session.read_message() is None
    assert session.close_code == 1008
    session.close()


async def test_so_many_requests_are_passed_on_at_once_and_no_more(joined: Server) -> None:
    begun: list[Any] = []
    place = urlsplit(joined.url)
    async with httpx.AsyncClient(base_url=joined.url, trust_env=False, timeout=20) as caller:
        for _ in range(2):
            begun.append(await asyncio.open_connection(place.hostname, place.port))
            begun[-1][1].write(request(RECEIVE, "Content-Length: 2", method="POST").encode())
        async with asyncio.timeout(10):
            while (answer := await caller.get("/healthz")).status_code == 200:
                await asyncio.sleep(0.01)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert (await caller.get("/api/v3/command/webhook.get", headers=OWNER)).status_code == 200
        for reader, writer in begun:
            writer.write(b"{}")
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
            writer.close()
            await writer.wait_closed()
        assert (await caller.get("/healthz")).status_code == 200


async def test_behind_a_proxy_each_caller_has_a_share_of_its_own(hub: Server, tmp_path: Path) -> None:
    proxies = (ip_network("127.0.0.0/8"),)
    joined = Server(tmp_path, Capacity(max_uploads=4, uploads_per_address=1, max_waiting=2, trusted_proxies=proxies))
    await joined.start()
    place = urlsplit(joined.url)
    begun = []
    head = request(RECEIVE, "X-Forwarded-For: 192.0.2.1", "Content-Length: 2", method="POST").encode()
    try:
        async with httpx.AsyncClient(base_url=joined.url, trust_env=False, timeout=20) as caller, asyncio.timeout(20):
            for _ in range(2):
                begun.append(await asyncio.open_connection(place.hostname, place.port))
                begun[-1][1].write(head)
            while (await caller.get("/healthz", headers={"X-Forwarded-For": "192.0.2.1"})).status_code == 200:
                await asyncio.sleep(0.01)
            for _ in range(3):
                assert (await caller.post(RECEIVE, headers={"X-Forwarded-For": "192.0.2.2"})).status_code == 200
    finally:
        for _, writer in begun:
            writer.close()
        await joined.stop()


async def test_a_caller_who_reads_no_answer_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a Jupyter Server nobody else ends such a connection."""
    monkeypatch.setattr("pfnb.server.relay.UNREAD_SECONDS", 0.3)
    ours, theirs = socket.socketpair()
    stream = IOStream(ours)
    try:
        with pytest.raises(StreamClosedError):
            await asyncio.wait_for(_write(stream, bytes(16 * 1024 * 1024)), 10)
        assert stream.closed()
    finally:
        stream.close()
        theirs.close()
