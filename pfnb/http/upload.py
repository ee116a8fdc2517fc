"""A handler that streams its request's body through `Ingest`: bounded, timed, never whole in memory, discarded if it breaks
off."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import cast
from urllib.parse import quote_from_bytes

from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError

from pfnb.exceptions import BusyError, PfnbError
from pfnb.http.gate import Gate
from pfnb.http.handler import HubHandler
from pfnb.hub.offload import DECODING
from pfnb.hub.receiving.ingest import Ingest, names_in_refused
from pfnb.hub.receiving.naming import Name
from pfnb.hub.receiving.request import Received, RequestHead

_ASCII = "".join(map(chr, range(128)))
DRAIN = 48 * 1024 * 1024
"""Bytes of a refused body that are still read, so that its sender gets the answer instead of a broken connection."""


class UploadHandler(HubHandler):
    """Decorate subclasses with `stream_request_body`, call `begin` in `prepare`, and await `received()` in the method."""

    _ingest: Ingest | None = None
    _gate: Gate | None = None
    _refused: PfnbError | HTTPError | None = None
    _large = False
    _writing = False
    _read = 0
    _names: tuple[Name, ...] = ()
    """The uuids that may name a webhook, once the request is received or refused."""

    @property
    def size(self) -> int:
        """How many bytes of the body have come."""
        return self._read

    def begin(self, gate: Gate, who: str) -> None:
        """Check what the head allows to check: declared length, query, boundary, and whether `who` has a place."""
        hub = self.site.hub
        limits = hub.settings.limits
        length = self._allow_body()
        self._large = length is None or length > limits.memory
        head = self._head()
        try:
            if not hub.ready:
                raise BusyError("the hub is starting or stopping; try again in a second")
            self._ingest = Ingest(head, limits, hub.settings.bodies)
            gate.enter(self, who)
            self._gate = gate
            self._ingest.check_declared(length)
        except PfnbError as error:
            if self._ingest is None:
                self._names = names_in_refused(head, limits)
            self.refuse(error)

    def refuse(self, error: PfnbError | HTTPError) -> None:
        """Answer with this error after reading the body, but only briefly, and only while few other refused bodies are being
        read."""
        if self._refused is not None or self._finished:
            return
        self._refused = error
        length = self._allow_body()
        self._end()
        asks_first = self.request.headers.get("Expect", "").lower() == "100-continue" and not self._read
        if asks_first or (length is not None and length > DRAIN):
            self._finish_refused()
        elif length != 0:
            try:
                self.site.refused.enter(self, self.site.share_of(self.request))
                self._gate = self.site.refused
            except BusyError:
                self._finish_refused()

    def drop(self, error: PfnbError) -> None:
        """Answer with this error now, while the body is still arriving."""
        self._refused = self._refused or error
        self._finish_refused()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Feed small bodies at once. For each chunk of a large one, Tornado waits until a thread has written it."""
        self._read += len(chunk)
        if self._finished:
            return None
        if self._refused is not None or self._ingest is None:
            if self._read > DRAIN:
                self._finish_refused()
            return None
        if self._large:
            return self._feed_in_thread(self._ingest, chunk)
        try:
            self._ingest.feed(chunk)
        except PfnbError as error:
            self.refuse(error)
        return None

    async def _feed_in_thread(self, ingest: Ingest, chunk: bytes) -> None:
        self._writing = True
        try:
            await asyncio.to_thread(ingest.feed, chunk)
        except PfnbError as error:
            self.refuse(error)
        finally:
            self._writing = False
            if self._ingest is not ingest:  # the request has ended meanwhile
                ingest.discard()

    async def received(self) -> Received:
        """The whole request. Raises the error that it was refused with."""
        self._leave()
        if self._refused is not None:
            raise self._refused
        assert self._ingest is not None, "`begin` was called"
        ingest, self._ingest = self._ingest, None
        try:
            if ingest.is_encoded:
                return await self._decoded(ingest)
            return await asyncio.to_thread(ingest.finish) if self._large else ingest.finish()
        finally:
            self._names = ingest.names

    async def _decoded(self, ingest: Ingest) -> Received:
        try:
            finished = DECODING.submit(self.site.share_of(self.request), ingest.finish)
        except BusyError:
            ingest.discard()
            raise
        return cast(Received, await asyncio.wrap_future(finished))

    def on_finish(self) -> None:
        self._end()

    def on_connection_close(self) -> None:
        """The sender is gone: discard what it sent. The base class ends the handler, which waits for the body."""
        self._end()
        super().on_connection_close()

    def _head(self) -> RequestHead:
        # Tornado decodes non-ASCII bytes as latin-1; their real encoding is not known yet.
        query = self.request.query
        if not query.isascii():
            query = quote_from_bytes(query.encode("latin-1", "replace"), safe=_ASCII)
        address = self.site.address_of(self.request)
        headers = tuple(self.request.headers.get_all())
        return RequestHead(self.request.method or "", query, headers, address, self.path_below, self._addresses())

    def _addresses(self) -> tuple[str, ...]:
        """Where the hub says that it is, and where the sender's Host header says so: a proxy may change either."""
        public = self.site.hub.settings.public_url or self.site.url()
        asked = [f"{scheme}://{self.request.host}{self.request.path}" for scheme in ("https", "http")]
        return tuple(dict.fromkeys([f"{public.rstrip('/')}{self.path_below}", *asked]))

    def _allow_body(self) -> int | None:
        """The declared length. Let bodies that are too long through to `data_received`, for a readable 413: Tornado would answer
        a bare 400, also to a body without a declared length that is within the hub's limit."""
        connection = self.request.connection
        assert connection is not None, "a request that is being read has a connection"
        connection.set_max_body_size(sys.maxsize)  # type: ignore[attr-defined]  # HTTP1Connection's own
        return declared_length(self.request)

    def _end(self) -> None:
        self._leave()
        ingest, self._ingest = self._ingest, None
        if ingest is not None:
            self._names = ingest.names
            if not self._writing:
                ingest.discard()

    def _leave(self) -> None:
        if self._gate is not None:
            self._gate.leave(self)
            self._gate = None

    def _finish_refused(self) -> None:
        """Answer now, while the body is still arriving; the connection cannot be reused."""
        if not self._finished:
            self.set_header("Connection", "close")
            self.send_error(exc_info=(type(self._refused), self._refused, None))


def declared_length(request: HTTPServerRequest) -> int | None:
    """The declared length of the body: 0 without a body, None if chunked."""
    if "Transfer-Encoding" in request.headers:
        return None
    text = request.headers.get("Content-Length", "0")
    return int(text) if text.isascii() and text.isdecimal() else None
