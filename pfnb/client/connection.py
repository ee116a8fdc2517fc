"""One WebSocket to the hub, from hello to close. It never reconnects: the session opens another."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any, cast

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httputil import HTTPInputError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from pfnb.client.discovery import HubAddress
from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError
from pfnb.http.wire import KERNEL_HEADER, MAX_FRAME, PROTOCOL, Frame, Incoming, bundled, pack
from pfnb.rows.session import WelcomeFrame

_CONNECT_SECONDS = 5.0
_WELCOME_SECONDS = 10.0
_PING_SECONDS = 20.0
_FAREWELL, _FAREWELL_SECONDS = 1000, 1.0


class Connection:
    """`welcome` is the hub's answer to the hello; a worker's has only the type."""

    welcome: WelcomeFrame

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self._incoming = Incoming()
        self._received: deque[tuple[dict[str, Any], bytes]] = deque()
        self._waiting: deque[Frame] = deque()
        self._sending: asyncio.Task[None] | None = None

    def send(self, frame: Frame) -> None:
        """Queue a frame. It is lost if the connection has just ended; `receive` reports that."""
        if self._sending is None and len(frame) == 1:
            with contextlib.suppress(WebSocketClosedError):
                asyncio.ensure_future(self._socket.write_message(frame[0], binary=True)).add_done_callback(_written)
            return
        self._waiting.append(frame)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_waiting())

    async def _send_waiting(self) -> None:
        """Send a long frame message by message, so that the loop has other turns, and then what came meanwhile."""
        try:
            while self._waiting:
                for message in self._waiting.popleft():
                    await self._socket.write_message(message, binary=True)
        except WebSocketClosedError:
            self._waiting.clear()
        finally:
            self._sending = None

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """The next frame, None at the end of the connection."""
        while not self._received:
            message = await self._socket.read_message()
            if message is None:
                return None
            if (frame := await self._incoming.frame(message)) is not None:
                self._received.extend(bundled(*frame))
        return self._received.popleft()

    def close(self) -> None:
        """Begin to close; frames still on their way are not read."""
        self._socket.close()

    async def closed(self) -> None:
        """Close with a farewell, so that the hub knows that no run crashed this kernel, and wait briefly for the hub to agree:
        a loop that ends earlier would leave the socket open."""
        self._socket.close(_FAREWELL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                while await self._socket.read_message() is not None:
                    pass


def _written(future: asyncio.Future[None]) -> None:
    if not future.cancelled():
        future.exception()  # Ignored: `receive` reports a connection that ends while writing.


async def connect(address: HubAddress, hello: dict[str, Any]) -> Connection:
    """Open a connection and say hello. NotAuthenticatedError if the token is refused, HubUnreachableError for other faults."""
    try:
        async with asyncio.timeout(_WELCOME_SECONDS):
            socket = await websocket_connect(
                _request(address),
                max_message_size=MAX_FRAME,
                ping_interval=_PING_SECONDS,
                ping_timeout=_PING_SECONDS,  # Tornado before 6.5 would wait for half a minute at least
            )
            connection = Connection(socket)
            try:
                connection.send([pack({"type": "hello", "protocol": PROTOCOL, **hello})])
                connection.welcome = await _welcome(connection, address)
            except BaseException:
                connection.close()
                raise
            return connection
    except HTTPClientError as error:
        raise _refused(address, error) from error
    except TimeoutError as error:
        raise HubUnreachableError(f"the hub at {address.url} did not answer within {_WELCOME_SECONDS:g} s") from error
    except (HTTPInputError, ValueError) as error:
        raise HubUnreachableError(
            f"what answers at {address.url} is not a pfnb hub ({type(error).__name__})"
        ) from error
    except OSError as error:
        raise HubUnreachableError(f"nothing answers at {address.url} ({error.strerror or error})") from error


def _request(address: HubAddress) -> HTTPRequest:
    headers = {"Authorization": f"token {address.token}"}
    if address.kernel_id is not None:
        headers[KERNEL_HEADER] = address.kernel_id
    url = f"ws{address.url.removeprefix('http')}/api/v3/session"
    # No redirects: they would send the token elsewhere.
    return HTTPRequest(
        url,
        headers=headers,
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_CONNECT_SECONDS,
        follow_redirects=False,
    )


async def _welcome(connection: Connection, address: HubAddress) -> WelcomeFrame:
    frame = await connection.receive()
    if frame is None or frame[0].get("type") != "welcome":
        raise HubUnreachableError(f"{address.url} speaks another protocol: use the same version of pfnb on both sides")
    return cast(WelcomeFrame, frame[0])


def _refused(address: HubAddress, error: HTTPClientError) -> HubUnreachableError | NotAuthenticatedError:
    if error.code in (401, 403):
        return NotAuthenticatedError(f"the hub at {address.url} rejects this token: {_about_token(address)}")
    return HubUnreachableError(f"{address.url} is not a working pfnb hub (it answered {error.code} {error.message})")


def _about_token(address: HubAddress) -> str:
    if address.kernel_id is not None:
        return "it is from a server that has stopped: restart this kernel"
    return "set PFNB_TOKEN to the token of that hub"
