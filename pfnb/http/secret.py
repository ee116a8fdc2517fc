"""Reads tokens and passwords from requests, and compares them."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field

from tornado.httputil import HTTPServerRequest

BASIC = 'Basic realm="pfnb", charset="UTF-8"'
_BEARER = re.compile(r"(?:token|bearer)\s+(\S+)", re.IGNORECASE)
_BASIC = re.compile(r"basic\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BasicLogin:
    """A user's name with a password, or with a token in its place."""

    name: str
    password: str = field(repr=False)


def authorization_token(request: HTTPServerRequest) -> str | None:
    """The token of `Authorization: token …` or `Bearer …`, or the password of `Basic …`. Query and form are ignored: there,
    `token` is a webhook's."""
    match = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    if match:
        return match[1]
    login = basic_login(request)
    return None if login is None else login.password


def basic_login(request: HTTPServerRequest) -> BasicLogin | None:
    """What a program sends as `Authorization: Basic …`. Browsers are ignored: they repeat this header by themselves, also when
    another site's page sends the request, or for a proxy before the hub."""
    match = _BASIC.fullmatch(request.headers.get("Authorization", "").strip())
    if match is None or is_browser(request):
        return None
    try:
        text = base64.b64decode(match[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, password = text.partition(":")
    return BasicLogin(name, password) if colon else None


def is_browser(request: HTTPServerRequest) -> bool:
    """Every browser says so in each request; programs may, too."""
    headers = request.headers
    return "Mozilla/" in headers.get("User-Agent", "") or "Sec-Fetch-Mode" in headers or "Origin" in headers


def same_secret(given: str | None, expected: str) -> bool:
    """Constant-time comparison."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())
