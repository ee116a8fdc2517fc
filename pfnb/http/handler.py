"""What all of the hub's HTTP handlers share: JSON answers, errors mapped in one place, headers that reveal nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from pfnb.http.errors import error_answer
from pfnb.http.json_text import in_utf8, to_json
from pfnb.http.parts import PIECE
from pfnb.http.site import Site
from pfnb.language.extent import is_long
from pfnb.language.media_types import OCTETS
from pfnb.language.run import SERVER_HEADERS, can_be_header

WITHOUT_BODY = frozenset({204, 304})


class HubHandler(RequestHandler):
    site: Site

    def initialize(self, site: Site) -> None:
        self.site = site

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

    async def answer_as_set(self, body: Any, status: int, headers: Mapping[str, str]) -> None:
        """Finish with a pipeline's result: text as text, bytes as bytes, all else as JSON. Headers that cannot be sent, or that
        only this server sets, are left out: `http.response.set` refuses them, but a user's own command may not."""
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.set_header("Cache-Control", "no-store")
        self.set_status(status)
        self.set_header("Content-Type", content_type(body))
        for name, value in headers.items():
            if name.lower() not in SERVER_HEADERS and can_be_header(name, value):
                self.set_header(name, value)
        if status in WITHOUT_BODY:
            self.clear_header("Content-Type")
            self.finish()
        else:
            await self._finish_with(body)

    async def _finish_with(self, body: Any) -> None:
        """A long body is written bit by bit, so that the loop has other turns."""
        if not (len(body) > PIECE if isinstance(body, bytes) else is_long(body)):
            self.finish(body if isinstance(body, str | bytes) else to_json(body))
            return
        data = await asyncio.to_thread(self.bytes_of, body)
        self.set_header("Content-Length", str(len(data)))
        with suppress(StreamClosedError):  # the caller is gone
            for at in range(0, len(data), PIECE):
                self.write(data[at : at + PIECE])
                await self.flush()
                await asyncio.sleep(0)
            self.finish()

    def bytes_of(self, body: Any) -> bytes:
        """What to answer for a long body."""
        return body if isinstance(body, bytes) else in_utf8(body)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        status, body, headers = error_answer(error, status_code)
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.answer(body, status)

    def log_exception(self, *exc_info: Any) -> None:
        """Errors are logged where they are mapped, with the traceId of their answer."""


def content_type(body: Any) -> str:
    if isinstance(body, bytes):
        return OCTETS
    return "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
