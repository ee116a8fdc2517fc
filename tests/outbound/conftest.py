"""Somebody else's server, on a port of this machine, that answers as it is told and remembers what it got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

import pytest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler


@dataclass(frozen=True)
class Got:
    method: str
    path: str
    headers: HTTPHeaders
    body: bytes


@dataclass
class Partner:
    url: str
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    """What it answers, one after the other; 200 after that."""
    got: list[Got] = field(default_factory=list)
    silent: asyncio.Event | None = None
    """While there is one that is not set, nothing is answered."""


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    async with receiving() as made:
        yield made


@asynccontextmanager
async def receiving(tls: SSLContext | None = None) -> AsyncIterator[Partner]:
    """The server, with TLS if that is given."""
    [socket] = bind_sockets(0, "127.0.0.1")
    made = Partner(f"http://127.0.0.1:{socket.getsockname()[1]}")

    class Everything(RequestHandler):
        async def post(self, path: str) -> None:
            made.got.append(Got(self.request.method or "", path, self.request.headers, self.request.body))
            if made.silent is not None:
                await made.silent.wait()
            status, headers, body = made.answers.pop(0) if made.answers else (200, {}, b"")
            self.set_status(status)
            self.clear_header("Content-Type")
            for name, value in headers.items():
                self.set_header(name, value)
            self.write(body)

        get = head = put = patch = delete = post

    server = HTTPServer(Application([(r"(/.*)", Everything)]), ssl_options=tls)
    server.add_sockets([socket])
    try:
        yield made
    finally:
        if made.silent is not None:
            made.silent.set()
        server.stop()
        await server.close_all_connections()
