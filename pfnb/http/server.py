"""A hub with an HTTP server of its own: within a kernel, or as `pfnb serve`."""

from __future__ import annotations

import secrets
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application

from pfnb.http.access_log import log_access
from pfnb.http.handler import HubHandler
from pfnb.http.routes import token_routes
from pfnb.http.secret import authorization_token, same_secret
from pfnb.http.site import Peer, Site
from pfnb.hub.home import Home, HubOptions
from pfnb.language.command import registry
from pfnb.language.runner import Runner

PREFIX = "/pfnb"


class LocalServer:
    """Serves one hub to one owner who has the token. Port 0 takes a free one; `url` is known after `start`."""

    def __init__(
        self, options: HubOptions | None = None, *, host: str = "127.0.0.1", port: int = 0, token: str | None = None
    ) -> None:
        options = options or HubOptions()
        self.token = token or secrets.token_urlsafe(24)
        self._home = Home(options)
        self.hub = self._home.hub
        self.owner = self.hub.settings.owner
        self.site = Site(self.hub, Runner(registry), lambda: self.url, self._peer_of)
        self._host = host
        self._port = port
        self._server: HTTPServer | None = None

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}{PREFIX}"

    async def start(self) -> None:
        """Open the store, then listen. OSError when the port is taken."""
        sockets = bind_sockets(self._port, self._host)
        self._port = sockets[0].getsockname()[1]
        routes: list[Any] = [
            (PREFIX + pattern, handler, settings)
            for pattern, handler, settings in token_routes(self.site, self.token, self.owner)
        ]
        try:
            await self._home.open()
        except BaseException:
            for socket in sockets:
                socket.close()
            raise
        application = Application(
            routes,
            log_function=log_access,
            default_handler_class=NotFoundHandler,
            default_handler_args={"site": self.site},
        )
        self._server = HTTPServer(application, idle_connection_timeout=75, body_timeout=None)
        self._server.add_sockets(sockets)
        self.site.open()

    async def stop(self) -> None:
        """Take no more requests, end the open ones, close the store."""
        if self._server is not None:
            self._server.stop()
            await self.site.close()
            await self._server.close_all_connections()
        await self._home.close()

    async def _peer_of(self, request: HTTPServerRequest) -> Peer | None:
        return Peer(self.owner) if same_secret(authorization_token(request), self.token) else None


class NotFoundHandler(HubHandler):
    def prepare(self) -> None:
        self.send_error(404)
