"""A hub with an HTTP server of its own: within a kernel, or as `pfnb serve`."""

from __future__ import annotations

import errno
import os
import re
import secrets
from socket import socket
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import HTTPError, stream_request_body

from pfnb import commands, functions
from pfnb.exceptions import StartError
from pfnb.http.access_log import AccessLog
from pfnb.http.capacity import Capacity
from pfnb.http.connections import Connections, HubApplication
from pfnb.http.descriptors import most_connections
from pfnb.http.routes import token_routes
from pfnb.http.secret import authorization_token, same_secret
from pfnb.http.site import Peer, Site
from pfnb.http.upload import UploadHandler
from pfnb.hub.addresses import arrive
from pfnb.hub.clock import now
from pfnb.hub.home import Home, HubOptions
from pfnb.language.running.runner import Runner
from pfnb.outbound import Targets

PREFIX = "/pfnb"
"""The default path of a hub's address."""
FINISH_SECONDS = 5.0
LAST_SECONDS = 1.0


class LocalServer:
    """Serves one hub to one owner, who has the token. Port 0 picks a free one; `url` is known after `start`.

    ParameterError if `PFNB_ALLOW_TARGETS` has an entry that cannot be allowed."""

    def __init__(
        self,
        options: HubOptions | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
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
        self._prefix = prefix
        self._server: Connections | None = None

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}{self._prefix}"

    async def start(self) -> None:
        """Open the store, then listen. StartError if the port is unavailable or the store cannot be opened."""
        sockets = self._bound()
        self._port = sockets[0].getsockname()[1]
        routes: list[Any] = [
            (re.escape(self._prefix) + pattern, handler, settings)
            for pattern, handler, settings in token_routes(self.site, self.token, self.owner)
        ]
        try:
            await self._home.open()
        except BaseException:
            for one in sockets:
                one.close()
            raise
        if self._data_dir is not None:
            self.hub.addresses = arrive(self._data_dir, self.hub.settings.public_url or self.url, now())
        application = HubApplication(
            None,
            routes,
            log_function=AccessLog(),
            default_handler_class=NotFoundHandler,
            default_handler_args={"site": self.site},
        )
        self.site.waiting.places = min(
            self.site.waiting.places, most_connections(self.site.capacity.max_connections) // 2
        )
        self._server = Connections(application, self.site.capacity, self.site.relieve)
        self._server.add_sockets(sockets)
        self.site.open()

    def _bound(self) -> list[socket]:
        try:
            return bind_sockets(self._port, self._host)
        except OSError as error:
            place = f"port {self._port} of {self._host}"
            reason = {
                errno.EADDRINUSE: f"{place} is in use: stop what uses it, or choose another with --port or "
                "PFNB_PORT (0 takes a free one)",
                errno.EACCES: f"{place} is not allowed: ports below 1024 need more rights, so choose a higher one",
            }
            raise StartError(
                reason.get(error.errno or 0, f"{self._host} is not an address of this machine ({error.strerror})")
            ) from None

    async def stop(self) -> None:
        """Refuse new connections, answer the requests under way, close the store. Callers that still wait for a pipeline after
        FINISH_SECONDS get "running" as the answer: their event is stored."""
        if self._server is not None:
            self._server.stop()
            if not await self._server.finish(FINISH_SECONDS):
                self.hub.outcomes.give_up_all()
                await self._server.finish(LAST_SECONDS)
            await self.site.close()
            await self._server.close_all_connections()
        await self._home.close()

    async def _peer_of(self, request: HTTPServerRequest) -> Peer | None:
        return Peer(self.owner) if same_secret(authorization_token(request), self.token) else None


@stream_request_body
class NotFoundHandler(UploadHandler):
    def prepare(self) -> None:
        self.refuse(HTTPError(404))

    async def get(self) -> None:
        await self.received()

    head = post = put = patch = delete = options = get
