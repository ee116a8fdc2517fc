"""Requests as a sender makes them: to the public address, through DNS, proxies and tunnels, and without a token."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

SECONDS = 10.0
MOST_BODY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have lower-case names; `not_after` is when the server's certificate ends, in seconds since the epoch; `asked_at`
    is when the request was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    asked_at: float = 0.0
    not_after: float | None = None


def ask(method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
    """One request, without following redirects. OSError, or HTTPException for what is not HTTP."""
    connection = _connection(url)
    try:
        asked_at = time.time()
        connection.request(method, _target(url), body, dict(headers or {}))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read(MOST_BODY), asked_at, _not_after(connection))
    finally:
        connection.close()


def answer_to_head(url: str, length: int) -> int | None:
    """How the head of a POST with this many bytes is answered: 100 to go on, 413 if that is too much, None if not at all. The
    body is not sent."""
    connection = _connection(url)
    try:
        connection.putrequest("POST", _target(url))
        for name, value in (("Content-Type", "application/octet-stream"), ("Content-Length", str(length))):
            connection.putheader(name, value)
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.sock is not None, "the head was sent"
        line = connection.sock.recv(64).split(b" ")
        return int(line[1]) if len(line) > 1 and line[1].isdigit() else None
    except TimeoutError:
        return None
    finally:
        connection.close()


def addresses_of(host: str) -> list[str]:
    """What the name resolves to. OSError if it does not."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


def reason_of(error: OSError | HTTPException) -> str:
    """The reason in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return f"no answer within {SECONDS:g} s"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _connection(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port, timeout=SECONDS, context=ssl.create_default_context())
    return HTTPConnection(host, parts.port, timeout=SECONDS)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _not_after(connection: HTTPConnection) -> float | None:
    if not isinstance(connection.sock, ssl.SSLSocket):
        return None
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return ssl.cert_time_to_seconds(str((connection.sock.getpeercert() or {})["notAfter"]))
    return None
