"""Reads tokens from requests and compares them."""

from __future__ import annotations

import hmac
import re

from tornado.httputil import HTTPServerRequest

_BEARER = re.compile(r"(?:token|bearer)\s+(\S+)", re.IGNORECASE)


def authorization_token(request: HTTPServerRequest) -> str | None:
    """The token of `Authorization: token …` or `Bearer …`. Query and form are ignored: there, `token` is a webhook's."""
    match = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    return match[1] if match else None


def same_secret(given: str | None, expected: str) -> bool:
    """Constant-time comparison."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())
