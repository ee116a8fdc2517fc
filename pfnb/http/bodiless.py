"""Requests that need no body. One that has a body is refused by its head, before it can hold memory or a connection."""

from __future__ import annotations

from collections.abc import Awaitable

from tornado.web import HTTPError

from pfnb.http.handler import HubHandler
from pfnb.http.upload import declared_length


class BodilessHandler(HubHandler):
    """Decorate subclasses with `stream_request_body`: otherwise Tornado reads the body before it calls `prepare`."""

    def prepare(self) -> Awaitable[None] | None:
        self.refuse_body()
        return None

    def refuse_body(self) -> None:
        """Raise HTTPError 413 if there is a body."""
        if declared_length(self.request) != 0:
            self.set_header("Connection", "close")
            raise HTTPError(413)

    def data_received(self, chunk: bytes) -> None:
        """Never called with data: `prepare` has refused the body."""
