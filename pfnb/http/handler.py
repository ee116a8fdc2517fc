"""What all of the hub's HTTP handlers share: JSON answers, errors by the one map, headers that give nothing away."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tornado.web import RequestHandler

from pfnb.http.errors import error_answer
from pfnb.http.site import Site

_ENCODE = json.JSONEncoder(allow_nan=False, default=str, separators=(",", ":")).encode


KEPT_BY_SERVER = frozenset(
    {"connection", "content-length", "content-security-policy", "date", "server", "set-cookie", "transfer-encoding"}
)
"""Headers that only this server may set: an answer may carry a stranger's own bytes, and no browser may run them with the
rights of this server's pages."""
WITHOUT_BODY = frozenset({204, 304})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class HubHandler(RequestHandler):
    site: Site

    def initialize(self, site: Site) -> None:
        self.site = site

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> None:
        """No entity tags: answers are not cached, and hashing them costs time."""

    def answer(self, value: Any, status: int = 200) -> None:
        """Finish with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(to_json(value))

    def answer_as_set(self, body: Any, status: int, headers: Mapping[str, str]) -> None:
        """Finish with what a pipeline made: text as text, bytes as bytes, all else as JSON. Headers that cannot be sent, or
        are this server's to set, are left out."""
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.set_header("Cache-Control", "no-store")
        self.set_status(status)
        self.set_header("Content-Type", _content_type(body))
        for name, value in headers.items():
            if name.lower() not in KEPT_BY_SERVER and _can_be_sent(name, value):
                self.set_header(name, value)
        if status in WITHOUT_BODY:
            self.clear_header("Content-Type")
            self.finish()
        else:
            self.finish(body if isinstance(body, str | bytes) else to_json(body))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        status, body, headers = error_answer(error, status_code)
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.answer(body, status)

    def log_exception(self, *exc_info: Any) -> None:
        """Errors are logged where they are mapped, with the traceId of their answer."""


def _content_type(body: Any) -> str:
    if isinstance(body, bytes):
        return "application/octet-stream"
    return "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"


def _can_be_sent(name: str, value: str) -> bool:
    return bool(_HEADER_NAME.fullmatch(name)) and value.isascii() and value.isprintable()


def to_json(value: Any) -> str:
    """JSON text. NaN and infinities, which JSON has not, become null; anything else that it has not, its text."""
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
