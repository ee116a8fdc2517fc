"""The connections of a hub's own server: how many in all, how many per address, and how long each may idle.


The server learns who calls from the head of a request. When all places are taken, a new connection replaces the one
that has waited longest without a request, or with an unfinished one: the owner gets in, however many strangers hold connections.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any

from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPMessageDelegate, HTTPServerRequest
from tornado.web import Application

from pfnb.http.accepting import Accepting
from pfnb.http.caller_address import caller_address, is_among, owner_of
from pfnb.http.capacity import Capacity
from pfnb.http.descriptors import most_connections
from pfnb.http.vouch import Vouching
from pfnb.language.networks import Network

LOOK_SECONDS = 1.0
FINISH_LOOK_SECONDS = 0.02
UNREAD_SECONDS = 60.0
"""Seconds after which a connection is closed whose peer reads nothing of its answer."""


class Connections(HTTPServer):
    """`relieve` ends one request that is still being received (of one caller, if named) and returns whether there was one."""

    def initialize(  # type: ignore[override]
        self, application: HubApplication, capacity: Capacity, relieve: Callable[[str | None], bool]
    ) -> None:
        super().initialize(application, idle_connection_timeout=capacity.idle_seconds)
        application.head_arrived = self._head_arrived
        self._capacity = capacity
        self._most = most_connections(capacity.max_connections)
        self._relieve = relieve
        self._by_address: dict[str, int] = {}
        self._count = 0
        self._open: dict[HTTP1ServerConnection, str] = {}
        # Connections without the head of a request; the first has waited longest.
        self._waiting: dict[HTTP1ServerConnection, None] = {}
        # Those of them whose head must come soon, and since when: new ones, and those that sent part of it.
        self._begun: dict[HTTP1ServerConnection, float] = {}
        # For answers that are not being read: bytes sent so far, and since when.
        self._unread: dict[HTTP1ServerConnection, tuple[int, float]] = {}
        # Connections ended here that Tornado still holds: it may begin to wait for one more request first.
        self._ended: set[HTTP1ServerConnection] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        for each in sockets:
            self._sockets[each.fileno()] = each
            accepting = Accepting(each, self._accepted, has_room=self._has_room, make_room=self._make_room)
            self._handlers[each.fileno()] = accepting.stop
        self._look()

    def stop(self) -> None:
        super().stop()
        if self._timer is not None:
            self._timer.cancel()

    async def finish(self, seconds: float) -> bool:
        """Close idle connections and wait until every request under way is answered, at most `seconds`. Returns whether all are
        answered. Connections that became sessions do not count."""
        ends = asyncio.get_running_loop().time() + seconds
        while True:
            for connection in list(self._waiting):
                if not connection.stream._read_buffer_size:
                    self._end(connection)
            if not self._open:
                return True
            if asyncio.get_running_loop().time() >= ends:
                return False
            await asyncio.sleep(FINISH_LOOK_SECONDS)

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        assert isinstance(server_conn, HTTP1ServerConnection), "this server speaks only HTTP/1"
        if server_conn in self._ended:
            return super().start_request(server_conn, request_conn)
        self._waiting[server_conn] = None
        if server_conn not in self._open:
            self._open[server_conn] = _owner(server_conn)
            self._begun[server_conn] = asyncio.get_running_loop().time()
        return super().start_request(server_conn, request_conn)

    def on_close(self, server_conn: object) -> None:
        super().on_close(server_conn)
        assert isinstance(server_conn, HTTP1ServerConnection), "this server speaks only HTTP/1"
        self._forget(server_conn)
        self._ended.discard(server_conn)

    def _has_room(self) -> bool:
        return self._count < self._most

    def _make_room(self, who: str | None = None) -> bool:
        """Close the connection (of this address) that has waited longest without a request, or end one still being received."""
        for connection in self._waiting:
            if who is None or self._open[connection] == who:
                self._end(connection)
                return True
        return self._relieve(who)

    def _accepted(self, connection: socket.socket, address: Any) -> None:
        who = owner_of(str(address[0])) if address else ""
        limited = not is_among(who, self._capacity.trusted_proxies)
        if (
            limited
            and self._by_address.get(who, 0) >= self._capacity.connections_per_address
            and not self._make_room(who)
        ):
            connection.close()
            return
        self._count += 1
        self._by_address[who] = self._by_address.get(who, 0) + 1
        self._handle_connection(connection, address)

    def _head_arrived(self, connection: object) -> None:
        assert isinstance(connection, HTTP1ServerConnection), "this server speaks only HTTP/1"
        self._waiting.pop(connection, None)
        self._begun.pop(connection, None)

    def _look(self) -> None:
        """End what takes too long. Tornado closes idle connections itself."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in self._waiting:
            if connection not in self._begun and connection.stream._read_buffer_size:
                self._begun[connection] = now
        late = [each for each, since in self._begun.items() if now - since > self._capacity.head_seconds]
        for connection in late + self._stuck(now):
            self._end(connection)
        self._timer = loop.call_later(LOOK_SECONDS, self._look)

    def _stuck(self, now: float) -> list[HTTP1ServerConnection]:
        """Connections whose peers do not read their answers."""
        stuck = []
        for connection in self._open:
            if not connection.stream.writing():
                self._unread.pop(connection, None)
                continue
            sent = connection.stream._total_write_done_index
            if self._unread.setdefault(connection, (sent, now))[0] != sent:
                self._unread[connection] = (sent, now)
            elif now - self._unread[connection][1] > UNREAD_SECONDS:
                stuck.append(connection)
        return stuck

    def _end(self, connection: HTTP1ServerConnection) -> None:
        self._forget(connection)
        self._ended.add(connection)
        connection.stream.close()

    def _forget(self, connection: HTTP1ServerConnection) -> None:
        who = self._open.pop(connection, None)
        if who is None:
            return
        for waiting in (self._waiting, self._begun, self._unread):
            waiting.pop(connection, None)
        self._count -= 1
        self._by_address[who] -= 1
        if self._by_address[who] == 0:
            del self._by_address[who]


class HubApplication(Application):
    """Reports when the head of a request has arrived. With `vouching`, it also accepts what other servers of the same user vouch
    for. The handlers see the address that `proxies` say a request comes from."""

    head_arrived: Callable[[object], None]

    def __init__(
        self, vouching: Vouching | None, *args: Any, proxies: tuple[Network, ...] = (), **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self._vouching = vouching
        self._proxies = proxies

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        self.head_arrived(request.server_connection)
        if self._vouching is not None:
            self._vouching.take(request)
        if self._proxies:
            request.remote_ip = caller_address(request, self._proxies)
        return super().find_handler(request, **kwargs)


def _owner(connection: HTTP1ServerConnection) -> str:
    address = getattr(connection.context, "address", None)
    return owner_of(str(address[0])) if address else ""
