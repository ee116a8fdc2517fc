"""The program that requests are passed on to, such as `http://127.0.0.1:3000/hooks`."""

from __future__ import annotations

import asyncio
import string
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from pfnb.client.pieces import pieces
from pfnb.exceptions import OutboundError, ParameterError
from pfnb.http.protocol import KernelPort
from pfnb.listen.answered import Answered
from pfnb.rows.event import EventRow

if TYPE_CHECKING:
    import httpx

MAX_ANSWER = 4 * 1024 * 1024
_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
"""Headers of one connection, not of the request."""
_SENT = "".join(set(string.printable) - set(string.whitespace))
"""What an address may have as it is; anything else is escaped."""


class Target:
    """Requests keep their method, query, headers and every byte of their body, so that a sender's signature stays valid; only
    headers that belong to a connection change. The user has named the address, so that any may be called, this machine's, too.

    ParameterError for anything but an http or https address."""

    is_fixed = False

    def __init__(self, url: str, seconds: float) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
            is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
        except ValueError:
            is_right = False
        if not is_right:
            raise ParameterError("--forward: write an address such as http://127.0.0.1:3000/hooks")
        self.url = url
        self.place = f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
        """The address without user, path and query, which may hold secrets."""
        self._path, self._query = parts.path or "/", parts.query
        self._seconds = seconds
        self._client: asyncio.Future[httpx.AsyncClient]

    def open(self) -> None:
        self._client = asyncio.ensure_future(asyncio.to_thread(_client))

    async def close(self) -> None:
        await (await self._client).aclose()

    async def answer(self, hub: KernelPort, event: EventRow) -> Answered:
        """What the target answers to the event's request, redirects included. OutboundError without an answer."""
        import httpx

        try:
            request = self._request(hub, event)
            async with asyncio.timeout(self._seconds):
                response = await (await self._client).send(request, stream=True)
                try:
                    return Answered(response.status_code, _kept(response.headers), await _read(response))
                finally:
                    await response.aclose()
        except TimeoutError:
            raise OutboundError(f"{self.place} did not answer within {self._seconds:g} seconds") from None
        except httpx.ConnectError as error:
            raise OutboundError(f"nothing answers at {self.place} ({error})") from None
        except httpx.TransportError as error:
            raise OutboundError(f"{self.place} did not answer ({type(error).__name__}: {error})") from None

    def _request(self, hub: KernelPort, event: EventRow) -> httpx.Request:
        import httpx

        query = "&".join(filter(None, (self._query, quote(event.get("rawQuery", ""), safe=_SENT))))
        target = f"{self._path}?{query}" if query else self._path
        headers = list(_sent_headers(event))
        body: AsyncIterator[bytes] | None = None
        if event["contentLength"]:
            body = pieces(hub, event)
            headers.append((b"content-length", str(event["contentLength"]).encode()))
        extensions = {"target": target.encode()}  # httpx would write the query in its own way
        return httpx.Request(event["method"] or "POST", self.url, headers=headers, content=body, extensions=extensions)


def _client() -> httpx.AsyncClient:
    """Without a timeout, which is for the whole exchange, and without kept connections: the target is a program that its
    developer restarts."""
    import httpx  # imported lazily: it is a fifth of the time of the start

    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(timeout=None, trust_env=False, limits=limits)  # noqa: S113


def _sent_headers(event: EventRow) -> Iterator[tuple[bytes, bytes]]:
    """The request's headers as they came; Host and length are the new connection's."""
    own = {*_HOP, "host", "content-length", *_listed(event["headers"].get("connection", ""))}
    for name, value in event["headers"].items():
        if name.lower() not in own:
            yield name.encode("latin-1", "replace"), value.encode("latin-1", "replace")
    if not event["method"] and event["contentType"]:
        yield b"content-type", event["contentType"].encode("latin-1", "replace")  # an event.send, which has no headers


def _listed(connection: str) -> set[str]:
    """The headers that `Connection` names as those of the connection."""
    return {name.strip().lower() for name in connection.split(",")}


def _kept(headers: httpx.Headers) -> dict[str, str | list[str]]:
    """Headers of the answer for the sender; one that came several times has a list."""
    own = {*_HOP, "content-length", "date", "server", *_listed(headers.get("connection", ""))}
    lists = {name: headers.get_list(name) for name in headers if name.lower() not in own}
    return {name: values[0] if len(values) == 1 else values for name, values in lists.items()}


async def _read(response: httpx.Response) -> bytes:
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > MAX_ANSWER:
            raise OutboundError(f"the answer is longer than {MAX_ANSWER // 1024 // 1024} MiB")
    return bytes(data)
