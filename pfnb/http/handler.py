"""What all of the hub's HTTP handlers share: JSON answers, errors by the one map, headers that give nothing away."""

from __future__ import annotations

import json
from typing import Any

from tornado.web import RequestHandler

from pfnb.http.errors import error_answer
from pfnb.http.site import Site

_ENCODE = json.JSONEncoder(allow_nan=False, default=str, separators=(",", ":")).encode


class HubHandler(RequestHandler):
    site: Site

    def initialize(self, site: Site) -> None:
        self.site = site

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")

    def contain(self) -> None:
        """The answer may carry a caller's own bytes: no browser may run them with the rights of this server's pages."""
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.set_header("Cache-Control", "no-store")

    def compute_etag(self) -> None:
        """No entity tags: answers are not cached, and hashing them costs time."""

    def answer(self, value: Any, status: int = 200) -> None:
        """Finish with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(to_json(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        status, body, headers = error_answer(error, status_code)
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.answer(body, status)

    def log_exception(self, *exc_info: Any) -> None:
        """Errors are logged where they are mapped, with the traceId of their answer."""


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
