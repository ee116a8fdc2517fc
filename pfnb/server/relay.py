"""Passes one request on to another server and the answer back: bodies, long waits and sessions alike, byte by byte.

Heads are rewritten. Hop-by-hop headers, such as `Connection: keep-alive`, are not passed on, and each connection carries one
request: whatever a caller sends after it cannot pass for another request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from contextlib import AbstractContextManager, suppress

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import RequestHandler

from pfnb.http.caller_address import caller_address, owner_of
from pfnb.http.capacity import Capacity
from pfnb.http.connections import UNREAD_SECONDS
from pfnb.http.gate import Places
from pfnb.http.vouch import HEADER, Vouched

_CHUNK = 65536
_MAX_HEAD = 1024 * 1024
_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "upgrade",
    HEADER.lower(),
}
_KEPT = {"content-length", "host", "transfer-encoding"}
"""Headers that `Connection` cannot remove: they say where the request ends."""
_KNOWN = 512
"""Requests of possibly authenticated callers passed on at the same time; at most half of them from one."""
_BUSY = "too many requests are being passed on to the hub of your other Jupyter Server; try again in a second"
AWAY = "the hub of your other Jupyter Server does not answer; try again in a second"


class Relays:
    """Bounds how many requests are passed on at once: as many of strangers as the hub itself takes. Others have their own
    places."""

    def __init__(self, capacity: Capacity) -> None:
        waiting = capacity.max_waiting
        self._strangers = Places(capacity.max_uploads + waiting, capacity.uploads_per_address + (waiting // 2 or 1))
        self._known = Places(_KNOWN, _KNOWN // 2)
        self._proxies = capacity.trusted_proxies

    def place(
        self, request: HTTPServerRequest, vouched: Vouched, *, is_anonymous: bool
    ) -> AbstractContextManager[None]:
        """Hold a place while a request is passed on. BusyError if there is none. `is_anonymous`: any stranger may make the
        request."""
        if vouched.kernel_id is not None:
            return self._known.place(f"kernel {vouched.kernel_id}", _BUSY)
        if vouched.login:
            return self._known.place("login", _BUSY)
        who = owner_of(caller_address(request, self._proxies))
        return (self._strangers if is_anonymous else self._known).place(who, _BUSY)


async def relay(
    handler: RequestHandler,
    there: IOStream,
    target: str,
    vouched: str,
    lost: asyncio.Event,
    without: Collection[str] = (),
    *,
    may_upgrade: bool = False,
) -> None:
    """Await it in `prepare` of a handler that streams its body, before any of the body is read.

    `target` is the path and query there, `vouched` the statement about the sender; `without` are headers not to pass on. The
    request becomes a WebSocket only if it asks for one and `may_upgrade`. When the other server goes away, or `lost` is set,
    before it answers, the answer is 503.
    """
    upgrade = may_upgrade and _asks_for_websocket(handler.request)
    here = handler.detach()
    answered, upgraded = asyncio.Event(), asyncio.Event()
    here.set_nodelay(True)
    there.set_nodelay(True)
    try:
        await there.write(_head(handler.request, target, vouched, {name.lower() for name in without}, upgrade=upgrade))
        requesting = _pump(here, there, upgraded if upgrade else None)
        answering = _answer(there, here, answered, upgraded if upgrade else None)
        await _until_one_ends(requesting, answering, lost.wait())
        if not answered.is_set() and not here.closed():
            await here.write(_away())
    except StreamClosedError:
        return  # The caller is gone; nobody needs an answer.
    finally:
        here.close()
        there.close()


def _asks_for_websocket(request: HTTPServerRequest) -> bool:
    headers = request.headers
    return (
        headers.get("Upgrade", "").lower() == "websocket"
        and "upgrade" in _named(headers)
        and "Content-Length" not in headers
        and "Transfer-Encoding" not in headers
    )


def _head(request: HTTPServerRequest, target: str, vouched: str, without: set[str], *, upgrade: bool) -> bytes:
    first = f"{request.method} {target} HTTP/1.1"
    return _written(first, request.headers, [(HEADER, vouched)], without, upgrade=upgrade)


def _written(
    first: str, headers: HTTPHeaders, more: list[tuple[str, str]], without: set[str], *, upgrade: bool
) -> bytes:
    lines = [first, *(["Connection: Upgrade", "Upgrade: websocket"] if upgrade else ["Connection: close"])]
    left_out = _HOP | without | (_named(headers) - _KEPT)
    kept = [(name, value) for name, value in headers.get_all() if name.lower() not in left_out]
    lines += [f"{name}: {value}" for name, value in more + kept]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _named(headers: HTTPHeaders) -> set[str]:
    """The headers that `Connection` names."""
    return {word.strip().lower() for value in headers.get_list("Connection") for word in value.split(",")}


async def _answer(source: IOStream, sink: IOStream, answered: asyncio.Event, upgraded: asyncio.Event | None) -> None:
    """`answered` is set before the first byte of the final answer is passed on; interim answers may come before. `upgraded` is
    set once a requested WebSocket is open."""
    with suppress(StreamClosedError):
        while not answered.is_set():
            first, _, rest = (
                (await source.read_until(b"\r\n\r\n", max_bytes=_MAX_HEAD)).decode("latin-1").partition("\r\n")
            )
            status, headers = int(first.split(" ")[1]), HTTPHeaders.parse(rest)
            if status == 101 or status >= 200:
                answered.set()
            await _write(sink, _written(first, headers, [], set(), upgrade=status == 101))
        if upgraded is not None and status != 101:
            # The other server would keep this connection open.
            await sink.write(await source.read_bytes(int(headers.get("Content-Length", "0"))))
            return
        if upgraded is not None:
            upgraded.set()
        await _pump(source, sink)


async def _pump(source: IOStream, sink: IOStream, begin: asyncio.Event | None = None) -> None:
    if begin is not None:
        await begin.wait()
    with suppress(StreamClosedError):
        while True:
            await _write(sink, await source.read_bytes(_CHUNK, partial=True))


async def _write(sink: IOStream, data: bytes) -> None:
    """StreamClosedError also if the other side reads nothing for too long: waiting holds a place."""
    try:
        async with asyncio.timeout(UNREAD_SECONDS):
            await sink.write(data)
    except TimeoutError:
        sink.close()
        raise StreamClosedError from None


async def _until_one_ends(*works: object) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _away() -> bytes:
    body = json.dumps({"status": "error", "statusCode": 503, "statusMessage": AWAY, "errorType": "BusyError"}).encode()
    head = f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Retry-After: 1\r\nConnection: close\r\n\r\n".encode() + body
