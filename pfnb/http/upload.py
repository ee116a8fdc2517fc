"""A handler that streams its request's body through `Ingest`: bounded, timed, never whole in memory, gone if it breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError

from pfnb.exceptions import BusyError, PfnbError, RequestTimeoutError
from pfnb.http.handler import HubHandler
from pfnb.hub.ingest import Ingest
from pfnb.hub.request import Received, RequestHead

DRAIN = 16 * 1024 * 1024
"""So many bytes of a refused body are still read, so that its sender can read the answer instead of a broken connection."""


class UploadHandler(HubHandler):
    """Subclasses are decorated with `stream_request_body`, call `begin` in `prepare`, and take `received()` in their method."""

    _ingest: Ingest | None = None
    _refused: PfnbError | HTTPError | None = None
    _large = False
    _read = 0

    def begin(self) -> None:
        """Decide by the head what can be decided: declared length, query, boundary, and whether there is a place."""
        hub = self.site.hub
        limits = hub.settings.limits
        connection = self.request.connection
        assert connection is not None, "a request that is being read has a connection"
        length = declared_length(self.request)
        # Ours to refuse, with a readable 413, where Tornado would answer with a bare 400.
        connection.set_max_body_size(max(DRAIN, length or 0))  # type: ignore[attr-defined]  # HTTP1Connection's own
        self._large = length is None or length > limits.memory
        try:
            if not hub.ready:
                raise BusyError("the hub is starting or stopping; try again in a second")
            self.site.gate.enter(self)
            self._ingest = Ingest(_head(self.request), limits, hub.settings.bodies)
            self._ingest.check_declared(length)
        except PfnbError as error:
            self.refuse(error)
            if length is not None and length > DRAIN:
                self._finish_refused()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Small bodies are fed at once; for each chunk of a large one Tornado waits until a thread has written it."""
        self._read += len(chunk)
        if self._finished:
            return None
        if self._refused is not None or self._ingest is None:
            if self._read > DRAIN:
                self._finish_refused()
            return None
        if self._large:
            return self._feed_in_thread(self._ingest, chunk)
        self._feed(self._ingest, chunk)
        return None

    def _feed(self, ingest: Ingest, chunk: bytes) -> None:
        try:
            ingest.feed(chunk)
        except PfnbError as error:
            self.refuse(error)

    async def _feed_in_thread(self, ingest: Ingest, chunk: bytes) -> None:
        await asyncio.to_thread(self._feed, ingest, chunk)

    async def received(self) -> Received:
        """The whole request. Raises what it was refused for."""
        self.site.gate.leave(self)
        if self._refused is not None:
            raise self._refused
        assert self._ingest is not None, "`begin` was called"
        ingest, self._ingest = self._ingest, None
        return await asyncio.to_thread(ingest.finish) if self._large else ingest.finish()

    def on_finish(self) -> None:
        self._end()

    def on_connection_close(self) -> None:
        # The sender went away in the middle: nothing of what it sent is kept.
        self._end()

    def _end(self) -> None:
        self.site.gate.leave(self)
        if self._ingest is not None:
            self._ingest.discard()
            self._ingest = None

    def too_slow(self, seconds: float) -> None:
        self.refuse(RequestTimeoutError(f"the body did not arrive within {seconds:g} s"))
        self._finish_refused()

    def refuse(self, error: PfnbError | HTTPError) -> None:
        """Answer with this error when the body has been read, as far as it is worth reading."""
        if self._refused is None:
            self._refused = error

    def _finish_refused(self) -> None:
        """Answer now, although the body is still coming; the connection cannot be used again."""
        if not self._finished:
            self.set_header("Connection", "close")
            self.send_error(exc_info=(type(self._refused), self._refused, None))


def declared_length(request: HTTPServerRequest) -> int | None:
    """The announced length of the body: 0 without one, None where it is not announced (chunked)."""
    if "Transfer-Encoding" in request.headers:
        return None
    text = request.headers.get("Content-Length", "0")
    return int(text) if text.isascii() and text.isdecimal() else None


def _head(request: HTTPServerRequest) -> RequestHead:
    # Tornado reads bytes beyond ASCII as latin-1; callers write UTF-8.
    query = request.query.encode("latin-1", "replace").decode("utf-8", "replace")
    return RequestHead(request.method or "", query, tuple(request.headers.get_all()))
