"""A hub with an HTTP server of its own: within a kernel, or as `pfnb serve`."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
from dataclasses import replace
from ipaddress import ip_network
from socket import socket

from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import HTTPError, stream_request_body

from pfnb import commands, functions
from pfnb.exceptions import StartError
from pfnb.http.access_log import AccessLog
from pfnb.http.capacity import Capacity
from pfnb.http.connections import Connections, HubApplication
from pfnb.http.descriptors import most_connections
from pfnb.http.handler import DEPTH
from pfnb.http.routes import Route, receiving_routes, token_routes
from pfnb.http.secret import authorization_token, same_secret
from pfnb.http.site import Peer, Site
from pfnb.http.upload import UploadHandler
from pfnb.hub.addresses import arrive
from pfnb.hub.clock import now
from pfnb.hub.home import Home, HubOptions
from pfnb.language.networks import Network
from pfnb.language.running.runner import Runner
from pfnb.outbound import Targets

PREFIX = "/pfnb"
"""The default path of a hub's address."""
LOOPBACK = "127.0.0.1"
PROXIES = (ip_network("127.0.0.0/8"), ip_network("::1"))
"""Proxies and tunnels on this machine are trusted at the port for receiving."""
FINISH_SECONDS = 5.0
LAST_SECONDS = 1.0


class LocalServer:
    """Serves one hub to one owner, who has the token. Port 0 picks a free one; `url` is known after `start`. A second port,
    `receive_port` at `receive_host`, takes requests for webhooks and nothing else: a proxy or tunnel leads there.

    ParameterError if `PFNB_ALLOW_TARGETS` has an entry that cannot be allowed."""

    def __init__(
        self,
        options: HubOptions | None = None,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        receive_port: int | None = None,
        receive_host: str = LOOPBACK,
        token: str | None = None,
        capacity: Capacity | None = None,
        prefix: str = PREFIX,
    ) -> None:
        Targets.from_environment(os.environ)  # report invalid entries now, not at the first outbound call
        options = options or HubOptions()
        self.token = token or secrets.token_urlsafe(24)
        self._home = Home(options)
        self._data_dir = options.data_dir
        self.hub = self._home.hub
        self.owner = self.hub.settings.owner
        capacity = capacity or Capacity.chosen(os.environ)
        self.site = Site(
            self.hub, Runner(commands.registry, functions.registry), lambda: self.url, self._peer_of, capacity=capacity
        )
        self._host = host
        self._port = port
        self.receive_port = receive_port
        self._receive_host = receive_host
        self._prefix = prefix
        self._servers: list[Connections] = []

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}{self._prefix}"

    async def start(self, *, address_follows: bool = False) -> None:
        """Open the store, then listen. StartError if a port is unavailable or the store cannot be opened. If the address for
        callers outside follows later, call `reached_as` then."""
        sockets = self._bound(self._host, self._port, "--port or PFNB_PORT")
        receiving: list[socket] = []
        try:
            self._port = sockets[0].getsockname()[1]
            if self.receive_port is not None:
                receiving = self._bound(self._receive_host, self.receive_port, "--receive-port")
                self.receive_port = receiving[0].getsockname()[1]
            await self._home.open()
        except BaseException:
            for one in (*sockets, *receiving):
                one.close()
            raise
        if not address_follows:
            await self.reached_as(self.hub.settings.public_url)
        most = most_connections(self.site.capacity.max_connections)
        self.site.waiting.places = min(self.site.waiting.places, most // 2)
        if receiving:
            capacity = replace(self.site.capacity, max_connections=most // 2)
            behind = replace(capacity, trusted_proxies=(*capacity.trusted_proxies, *PROXIES))
            self._listen(receiving, receiving_routes(self.site), behind, behind.trusted_proxies)
        else:
            capacity = self.site.capacity
        self._listen(sockets, token_routes(self.site, self.token, self.owner), capacity)
        self.site.open()

    async def reached_as(self, public_url: str | None) -> None:
        """Callers outside reach the hub at this address from now on; None if they need its own."""
        self.hub.settings = replace(self.hub.settings, public_url=public_url)
        if self._data_dir is not None:
            self.hub.addresses = await asyncio.to_thread(arrive, self._data_dir, public_url or self.url, now())

    def _listen(
        self, sockets: list[socket], routes: list[Route], capacity: Capacity, proxies: tuple[Network, ...] = ()
    ) -> None:
        application = HubApplication(
            None,
            [(re.escape(self._prefix) + pattern, handler, settings) for pattern, handler, settings in routes],
            proxies=proxies,
            log_function=AccessLog(),
            default_handler_class=NotFoundHandler,
            default_handler_args={"site": self.site},
            **{DEPTH: segments_of(self._prefix)},
        )
        server = Connections(application, capacity, self.site.relieve)
        server.add_sockets(sockets)
        self._servers.append(server)

    def _bound(self, host: str, port: int, flag: str) -> list[socket]:
        try:
            return bind_sockets(port, host)
        except OSError as error:
            place = f"port {port} of {host}"
            reason = {
                errno.EADDRINUSE: f"{place} is in use: stop what uses it, or choose another with {flag} (0 takes a free one)",
                errno.EACCES: f"{place} is not allowed: ports below 1024 need more rights, so choose a higher one",
            }
            raise StartError(
                reason.get(error.errno or 0, f"{host} is not an address of this machine ({error.strerror})")
            ) from None

    async def stop(self) -> None:
        """Refuse new connections, answer the requests under way, close the store. Callers that still wait for a pipeline after
        FINISH_SECONDS get "running" as the answer: their event is stored."""
        if self._servers:
            for server in self._servers:
                server.stop()
            if not all(await asyncio.gather(*(server.finish(FINISH_SECONDS) for server in self._servers))):
                self.hub.outcomes.give_up_all()
                await asyncio.gather(*(server.finish(LAST_SECONDS) for server in self._servers))
            await self.site.close()
            for server in self._servers:
                await server.close_all_connections()
        await self._home.close()

    async def _peer_of(self, request: HTTPServerRequest) -> Peer | None:
        return Peer(self.owner) if same_secret(authorization_token(request), self.token) else None


def segments_of(prefix: str) -> int:
    return len(prefix.strip("/").split("/"))


@stream_request_body
class NotFoundHandler(UploadHandler):
    def prepare(self) -> None:
        self.refuse(HTTPError(404))

    async def get(self) -> None:
        await self.received()

    head = post = put = patch = delete = options = get
