"""Handlers of a server that may not have the hub: while another server has it, they pass requests on to that one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.iostream import IOStream
from tornado.web import RequestHandler

from pfnb.exceptions import NotAuthenticatedError
from pfnb.http.door import Door
from pfnb.http.handler import HubHandler
from pfnb.http.routes import Route
from pfnb.http.secret import authorization_token
from pfnb.http.session import UNKNOWN_KERNEL, SessionHandler
from pfnb.http.site import Peer, Site
from pfnb.http.vouch import Vouched
from pfnb.server.door import UNAUTHENTICATED, JupyterDoor
from pfnb.server.one_hub import OneHub, Remote
from pfnb.server.relay import relay

Vouch = Callable[[RequestHandler], Awaitable[Vouched]]
PeerOf = Callable[[HTTPServerRequest], Awaitable[Peer | None]]
COOKIE = {"Cookie"}
CREDENTIALS = {"Cookie", "Authorization"}
"""Headers meant for this server, not passed on to the hub."""


class Joined(HubHandler):
    """Wraps a handler of the hub. `vouch` identifies the caller."""

    def initialize(self, one_hub: OneHub, vouch: Vouch, **settings: Any) -> None:  # type: ignore[override]
        self._one_hub = one_hub
        self._vouch = vouch
        self._settings = settings
        super().initialize(cast(Site, one_hub.site), **settings)

    async def prepare(self) -> None:
        if self.site is None:
            if await self._one_hub.elsewhere() is not None and await self._passed_on():
                return
            super().initialize(cast(Site, self._one_hub.site), **self._settings)
        prepared = super().prepare()
        if prepared is not None:
            await prepared

    def on_connection_close(self) -> None:
        if self.site is None:
            RequestHandler.on_connection_close(self)  # the hub's handler has not started
        else:
            super().on_connection_close()

    def on_finish(self) -> None:
        if self.site is not None:
            super().on_finish()

    async def _passed_on(self) -> bool:
        """Whether the request was passed on; if not, this server has the hub now."""
        vouched = await self._vouch(self)
        with self._one_hub.relays.place(self.request, vouched, is_anonymous=not isinstance(self, Door)):
            other = await self._one_hub.connected()
            if other is None:
                return False
            await self._pass_on(vouched, *other)
            return True

    async def _pass_on(self, vouched: Vouched, remote: Remote, there: IOStream) -> None:
        request, url = self.request, remote.url
        target = f"{urlsplit(url).path}{self.path_below}" + (f"?{request.query}" if request.query else "")
        header = self._one_hub.vouching.header(vouched, url, request.method or "", target)
        has_proved = vouched.login or vouched.kernel_id is not None
        without = CREDENTIALS if has_proved else COOKIE if isinstance(self, JupyterDoor) else ()
        may_upgrade = isinstance(self, SessionHandler)
        await relay(self, there, target, header, remote.lost, without, may_upgrade=may_upgrade)


def joined(routes: list[Route], one_hub: OneHub, peer_of: PeerOf) -> list[Route]:
    """Routes whose handlers work wherever the hub is. `peer_of` identifies this server's kernels."""
    made: list[Route] = []
    for pattern, handler, settings in routes:
        vouch = by_kernel(peer_of) if issubclass(handler, SessionHandler) else anybody
        vouch = by_jupyter if issubclass(handler, JupyterDoor) else vouch
        more = {name: value for name, value in settings.items() if name != "site"}
        both = type(handler.__name__, (Joined, handler), {})
        made.append((pattern, both, {**more, "one_hub": one_hub, "vouch": vouch}))
    return made


async def anybody(handler: RequestHandler) -> Vouched:
    return Vouched(handler.request.remote_ip or "")


async def by_jupyter(handler: RequestHandler) -> Vouched:
    """The caller by Jupyter's authentication. A token that Jupyter does not know may be one of the hub's: then nothing else
    counts."""
    assert isinstance(handler, JupyterDoor)
    by_cookie = await handler.jupyter_login()
    address = handler.request.remote_ip or ""
    if authorization_token(handler.request) is not None and by_cookie is not False:
        return Vouched(address)
    if by_cookie is None:
        raise NotAuthenticatedError(UNAUTHENTICATED)
    return Vouched(address, login=True, by_cookie=by_cookie)


def by_kernel(peer_of: PeerOf) -> Vouch:
    async def vouch(handler: RequestHandler) -> Vouched:
        peer = await peer_of(handler.request)
        if peer is None:
            raise NotAuthenticatedError(UNKNOWN_KERNEL)
        return Vouched(handler.request.remote_ip or "", kernel_id=peer.kernel_id, notebook=peer.notebook)

    return vouch
