"""The server's own way in for its kernels, its worker, `pi` and other servers of its user: on loopback, whatever address,
certificate or socket the Jupyter Server itself has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from tornado.netutil import bind_sockets

from pfnb.http.access_log import AccessLog
from pfnb.http.capacity import Capacity
from pfnb.http.connections import Connections, HubApplication
from pfnb.http.handler import DEPTH
from pfnb.http.routes import proof_route, token_routes
from pfnb.http.server import PREFIX, segments_of
from pfnb.http.site import Site
from pfnb.http.vouch import Vouching
from pfnb.server.joined import PeerOf, joined
from pfnb.server.one_hub import OneHub

HOST = "127.0.0.1"


class Inner:
    """Has a port from the start; answers there between `open` and `close`. `secret` is the owner's token."""

    def __init__(self, secret: str) -> None:
        self._sockets = bind_sockets(0, HOST)
        self._secret = secret
        self.url = f"http://{HOST}:{self._sockets[0].getsockname()[1]}{PREFIX}"
        self.vouching = Vouching(secret, self.url)
        self._server: Connections | None = None

    def open(self, one_hub: OneHub, owner: str, peer_of: PeerOf, capacity: Capacity) -> None:
        nowhere = cast(Site, None)  # set for each request
        routes = [*token_routes(nowhere, self._secret, owner), proof_route(nowhere, self.vouching)]
        both = joined(routes, one_hub, peer_of)
        depth: dict[str, Any] = {DEPTH: segments_of(PREFIX)}
        application = HubApplication(
            self.vouching,
            [(PREFIX + pattern, handler, settings) for pattern, handler, settings in both],
            log_function=AccessLog(),
            **depth,
        )
        # All requests come through this machine's own servers, which vouch for who sent them.
        capacity = replace(capacity, connections_per_address=capacity.max_connections)
        self._server = Connections(
            application, capacity, lambda who: one_hub.site is not None and one_hub.site.relieve(who)
        )
        self._server.add_sockets(self._sockets)

    async def close(self) -> None:
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
