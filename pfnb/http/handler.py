"""What all of the hub's HTTP handlers share: JSON answers, errors mapped in one place, headers that reveal nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from tornado.web import RequestHandler

from pfnb.http.errors import error_answer
from pfnb.http.site import Site
from pfnb.language.extent import check_written, is_long
from pfnb.language.plain import plain
from pfnb.language.run import SERVER_HEADERS, can_be_header

_ENCODE = json.JSONEncoder(allow_nan=False, default=partial(plain, with_bytes=False), separators=(",", ":")).encode


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
        self._finish_with(to_json(value), status)

    async def answer_with(self, value: Any) -> None:
        """The same for a pipeline's result, which may be long."""
        self._finish_with(await _json_of(value), 200)

    def _finish_with(self, text: str, status: int) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(text)

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
            self.finish(body if isinstance(body, str | bytes) else await _json_of(body))

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
        return "application/octet-stream"
    return "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"


async def _json_of(value: Any) -> str:
    return await asyncio.to_thread(to_json, value) if is_long(value) else to_json(value)


def to_json(value: Any) -> str:
    """JSON text. NaN and infinities become null; other values that JSON cannot express become their text. RunLimitError for a
    value that is too long."""
    check_written(value)
    try:
        return _ENCODE(value)
    except ValueError:
        return _ENCODE(_finite(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
