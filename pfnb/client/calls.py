"""A session's calls that are not answered yet; they survive a broken connection."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.client.cause import CAUSE
from pfnb.client.way import of_the_way
from pfnb.exceptions import HubUnreachableError, ParameterError, PfnbError, StoreBusyError, error_from_json
from pfnb.http.protocol import CALLS, ONCE
from pfnb.http.wire import Frame, packed


@dataclass(slots=True)
class _Call:
    method: str
    frame: Frame
    future: asyncio.Future[Any]
    sent: bool = False
    timer: asyncio.TimerHandle | None = None


class Calls:
    """Numbers calls, sends them over the current connection, and settles them.

    A call waits `grace` seconds for a connection; then it fails with the error that `unreachable` returns.
    """

    def __init__(self, grace: float, unreachable: Callable[[], HubUnreachableError]) -> None:
        self._grace = grace
        self._unreachable = unreachable
        self._numbers = itertools.count(1)
        self._open: dict[int, _Call] = {}
        self._send: Callable[[Frame], None] | None = None

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"") -> Any:
        """The hub's answer: a JSON value, or bytes; `body` are bytes that go with the arguments.

        Raises the PfnbError the hub answered, or HubUnreachableError. Connection faults are marked (`way.of_the_way`).
        """
        number = next(self._numbers)
        head = {"type": "call", "id": number, "method": method, "arguments": dict(arguments)}
        if (cause := CAUSE.get()) is not None and method in ONCE:
            head["cause"] = cause
        frame = await _frame(head, body)
        call = self._open[number] = _Call(method, frame, asyncio.get_running_loop().create_future())
        try:
            self._dispatch(call)
            return await call.future
        except asyncio.CancelledError as error:
            if call.sent:
                raise
            raise error from of_the_way(self._unreachable())  # the caller's time ran out while there was no hub
        finally:
            del self._open[number]
            if call.timer is not None:
                call.timer.cancel()

    def connected(self, send: Callable[[Frame], None]) -> None:
        """A connection was opened: send the calls that wait for one."""
        self._send = send
        for call in list(self._open.values()):
            if not call.sent:
                self._dispatch(call)

    def broken(self) -> None:
        """The connection is gone: repeatable calls wait for the next one, the others fail, since their fate is unknown."""
        self._send = None
        for call in list(self._open.values()):
            if call.sent and call.method in ONCE:
                _fail(call, _unknown_fate(call.method))
            else:
                call.sent = False
                self._dispatch(call)

    def close(self, error: HubUnreachableError) -> None:
        self._send = None
        for call in list(self._open.values()):
            _fail(call, error)

    def settle(self, head: Mapping[str, Any], body: bytes) -> None:
        """Give an answer of the hub to its call; ignore an answer that is too late."""
        call = self._open.get(head["id"])
        if call is None or call.future.done():
            return
        if head["type"] == "error":
            error = error_from_json(head["error"])
            call.future.set_exception(of_the_way(error) if isinstance(error, StoreBusyError) else error)
        else:
            call.future.set_result(body if call.method in CALLS and CALLS[call.method].is_bytes else head.get("value"))

    def _dispatch(self, call: _Call) -> None:
        if self._send is not None:
            if call.timer is not None:
                call.timer.cancel()
            call.sent = True
            self._send(call.frame)
        elif call.timer is None or call.timer.cancelled():
            call.timer = asyncio.get_running_loop().call_later(self._grace, self._give_up, call)

    def _give_up(self, call: _Call) -> None:
        _fail(call, self._unreachable())


async def _frame(head: dict[str, Any], body: bytes) -> Frame:
    try:
        return await packed(head, body)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"arguments of a call must be JSON, without NaN and infinity: {error}") from error


def _fail(call: _Call, error: PfnbError) -> None:
    if not call.future.done():
        call.future.set_exception(of_the_way(error))


def _unknown_fate(method: str) -> HubUnreachableError:
    return HubUnreachableError(
        f"the connection to the hub broke during {method.replace('_', ' ')}: check whether it was done before you repeat it"
    )
