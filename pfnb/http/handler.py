"""What all of the hub's HTTP handlers share: JSON answers, errors mapped in one place, headers that reveal nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from pfnb.http.connections import UNREAD_SECONDS
from pfnb.http.errors import error_answer
from pfnb.http.json_text import in_utf8, to_json
from pfnb.http.pages import INERT, policy_of
from pfnb.http.parts import PIECE
from pfnb.http.site import Site
from pfnb.hub.keeping.contents import Content
from pfnb.language.charset import named_charset
from pfnb.language.content import CodesInPieces
from pfnb.language.extent import is_long
from pfnb.language.media_types import OCTETS
from pfnb.language.response import SET_COOKIE, can_be_sent

CHUNK = 1024 * 1024
"""Bytes of a stored file that are in memory at once while it is sent."""
WITHOUT_BODY = frozenset({204, 304})
METHOD_NOT_ALLOWED = 405
DEPTH = "pfnb_depth"
"""The setting of a Tornado application that counts the segments of a path before the hub's own."""


class HubHandler(RequestHandler):
    site: Site
    is_for_strangers = False
    """Whether anybody may get its answers: they have no content references that are worth anything."""

    @property
    def cookie_path(self) -> str | None:
        """The path of cookies that a pipeline sets; None where it may set none."""
        return None

    def initialize(self, site: Site) -> None:
        self.site = site

    @property
    def path_below(self) -> str:
        """The request's path below the hub's address, as sent."""
        return "/" + "/".join(self.request.path.split("/")[1 + self.settings[DEPTH] :])

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> None:
        """No ETags: answers are not cached, and hashing them costs time."""

    def answer(self, value: Any, status: int = 200) -> None:
        """Finish with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(to_json(value))

    async def answer_with(self, value: Mapping[str, Any]) -> None:
        """The same for a pipeline's result, which may be long."""
        self.set_header("Content-Type", "application/json")
        await self._finish_with(value)

    async def answer_as_set(
        self, body: Any, status: int, headers: Mapping[str, str | list[str]], page: str = INERT
    ) -> None:
        """Finish with a pipeline's result: text as text, bytes as bytes, all else as JSON. `page` is the policy of pages."""
        self._begin_as_set(status, {"Content-Type": content_type(body), **headers}, page)
        if isinstance(body, str):
            self._name_charset()
        if status in WITHOUT_BODY:
            self.finish()
        else:
            await self._finish_with(body)

    def _name_charset(self) -> None:
        """A text is sent as UTF-8: a browser that is not told so guesses something else."""
        kind = self._headers.get("Content-Type", "")
        if kind.lower().startswith("text/") and named_charset(kind) is None:
            self.set_header("Content-Type", f"{kind.rstrip('; ')}; charset=utf-8")

    async def answer_with_content(
        self, content: Content, status: int, headers: Mapping[str, str | list[str]], page: str = INERT
    ) -> None:
        """The same with stored bytes, which are sent piece by piece."""
        self._begin_as_set(status, headers, page)
        if status in WITHOUT_BODY:
            self.finish()
            return
        self.set_header("Content-Length", str(content.size))
        codes = CodesInPieces() if self.is_for_strangers else None
        with suppress(StreamClosedError):  # the caller is gone
            for at in range(0, content.size, CHUNK):
                piece = await content.read(at, CHUNK)
                await self._write(piece if codes is None else codes.without(piece, is_last=at + CHUNK >= content.size))
            self.finish()

    async def _write(self, data: bytes) -> None:
        """StreamClosedError if the caller reads nothing for too long."""
        self.write(data)
        try:
            async with asyncio.timeout(UNREAD_SECONDS):
                await self.flush()
        except TimeoutError:
            self.request.connection.close()  # type: ignore[union-attr]  # HTTP1Connection's own
            raise StreamClosedError from None

    def _begin_as_set(self, status: int, headers: Mapping[str, str | list[str]], page: str) -> None:
        """`http.response.set` refuses headers that cannot be sent, and so does the hub where a run reports its end. They are left
        out here once more: nothing else stands between a stranger's text and the head of this answer."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", OCTETS)
        for name, values in headers.items():
            sent = [value for value in ([values] if isinstance(values, str) else values) if can_be_sent(name, value)]
            if sent:
                self.clear_header(name)
            for value in sent:
                self._add_header(name, value)
        if status in WITHOUT_BODY:
            self.clear_header("Content-Type")
        policy = policy_of(self._headers.get("Content-Type", ""), page)
        if policy is not None:
            self.set_header("Content-Security-Policy", policy)

    def _add_header(self, name: str, value: str) -> None:
        if name != SET_COOKIE:
            self.add_header(name, value)
        elif (path := self.cookie_path) is not None:
            self.add_header(name, f"{value}; Path={path}")

    async def _finish_with(self, body: Any) -> None:
        """A long body is written bit by bit, so that the loop has other turns."""
        if not (len(body) > PIECE if isinstance(body, bytes) else is_long(body)):
            self.finish(body if isinstance(body, str | bytes) else to_json(body))
            return
        data = await asyncio.to_thread(self.bytes_of, body)
        self.set_header("Content-Length", str(len(data)))
        with suppress(StreamClosedError):  # the caller is gone
            for at in range(0, len(data), PIECE):
                await self._write(data[at : at + PIECE])
                await asyncio.sleep(0)
            self.finish()

    def bytes_of(self, body: Any) -> bytes:
        """What to answer for a long body."""
        return body if isinstance(body, bytes) else in_utf8(body)

    def _methods(self) -> str:
        """The methods that this address has."""
        unknown = RequestHandler._unimplemented_method
        return ", ".join(name for name in self.SUPPORTED_METHODS if getattr(type(self), name.lower()) is not unknown)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        status, body, headers = error_answer(error, status_code)
        self.set_status(status)
        if status == METHOD_NOT_ALLOWED:
            self.set_header("Allow", self._methods())
            self.set_header("Connection", "close")  # Tornado closes it: the body has not been read
        for name, value in headers.items():
            self.set_header(name, value)
        self.answer(body, status)

    def log_exception(self, *exc_info: Any) -> None:
        """Errors are logged where they are mapped, with the traceId of their answer."""


def content_type(body: Any) -> str:
    if isinstance(body, bytes):
        return OCTETS
    return "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
