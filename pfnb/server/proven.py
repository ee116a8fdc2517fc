"""Connections to the hub of another server of the same user. On each, it must prove that it has the servers' secret before
anything else is sent: a stranger who has taken over a hub's port gets a random number and nothing else. The proof is valid for
this address and connection only, so a stranger cannot relay the proof of another hub.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from tornado.httputil import HTTPHeaders
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

from pfnb.http.proof import PROOF
from pfnb.http.vouch import Vouching

CONNECT_SECONDS = 5.0
PROOF_SECONDS = 5.0
"""Seconds without an answer after which a hub counts as stopped."""
MAX_HEAD = 65_536
MAX_PROOF = 4_096


class NotOurHubError(Exception):
    """Whatever answers does not have the secret of this user's servers."""


async def proven(url: str, vouching: Vouching) -> IOStream:
    """A connection to the hub that listens at `url`. ConnectionRefusedError if nothing listens, NotOurHubError if something else
    does, TimeoutError without an answer, StreamClosedError if it breaks off."""
    place = urlsplit(url)
    try:
        stream = await TCPClient().connect(place.hostname or "", place.port or 0, timeout=CONNECT_SECONDS)
    except StreamClosedError as error:
        raise ConnectionRefusedError(f"nobody listens at {place.netloc}") from error
    try:
        stream.set_nodelay(True)
        async with asyncio.timeout(PROOF_SECONDS):
            nonce, caller = secrets.token_hex(16), stream.socket.getsockname()
            told = await ask(stream, target_of(url, {"nonce": nonce}), {}, MAX_PROOF)
            if not vouching.is_proof(told.get("proof"), url, caller, nonce):
                raise NotOurHubError
    except BaseException:
        stream.close()
        raise
    return stream


def target_of(url: str, query: Mapping[str, str]) -> str:
    """Path and query for a request of a server to the hub at `url`."""
    return f"{urlsplit(url).path}{PROOF}?{urlencode(query)}"


async def ask(stream: IOStream, target: str, headers: Mapping[str, str], most: int | None = None) -> dict[str, Any]:
    """The answer: a JSON object of at most `most` bytes. NotOurHubError for anything else. The connection can be reused."""
    lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    await stream.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    head = await stream.read_until(b"\r\n\r\n", max_bytes=MAX_HEAD)
    try:
        length = int(HTTPHeaders.parse(head.partition(b"\r\n")[2].decode("latin-1"))["Content-Length"])
        if length < 0 or (most is not None and length > most):
            raise NotOurHubError
        told = json.loads(await stream.read_bytes(length))
    except StreamClosedError:
        raise
    except Exception as error:
        # A stranger may answer anything; Tornado and the JSON reader raise various errors.
        raise NotOurHubError from error
    if not isinstance(told, dict):
        raise NotOurHubError
    return told
