"""The calls a session has made and not been answered yet, also while its connection breaks and comes back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import HubUnreachableError, PfnbError, error_from_json

REPEATABLE = frozenset(
    {
        "get_webhooks",
        "event_mappings",
        "webhook_logs",
        "read_content",
        "put_content",
        "describe",
        "put_cached",
        "list_cached",
        "read_event",
        "read_steps",
        "list_events",
        "watch_events",
        "list_runs",
        "next_event",
        "list_listeners",
        "register_listener",
        "finish_delivery",
    }
)
"""Methods that may be sent a second time when nobody knows whether the first has arrived."""


@dataclass(slots=True)
class _Call:
    head: dict[str, Any]
    body: bytes
    future: asyncio.Future[Any]
    sent: bool = False
    timer: asyncio.TimerHandle | None = None


class Calls:
    """Numbers calls, sends them over the connection there is, and settles them.

    `grace` is how many seconds a call waits for a connection; `unreachable` makes the error that ends it then.
    """

    def __init__(self, grace: float, unreachable: Callable[[], HubUnreachableError]) -> None:
        self._grace = grace
        self._unreachable = unreachable
        self._numbers = itertools.count(1)
        self._open: dict[int, _Call] = {}
        self._send: Callable[[dict[str, Any], bytes], None] | None = None

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"") -> Any:
        """The hub's answer: a JSON value, or bytes; `body` are bytes that go with the arguments.

        Raises the PfnbError the hub answered, or HubUnreachableError.
        """
        number = next(self._numbers)
        head = {"type": "call", "id": number, "method": method, "arguments": dict(arguments)}
        call = self._open[number] = _Call(head, body, asyncio.get_running_loop().create_future())
        try:
            self._dispatch(call)
            return await call.future
        finally:
            del self._open[number]
            if call.timer is not None:
                call.timer.cancel()

    def connected(self, send: Callable[[dict[str, Any], bytes], None]) -> None:
        """There is a connection (again): send what waits for one."""
        self._send = send
        for call in list(self._open.values()):
            if not call.sent:
                self._dispatch(call)

    def broken(self) -> None:
        """The connection is gone: what may be repeated waits for the next, the rest fails since its fate is unknown."""
        self._send = None
        for call in list(self._open.values()):
            if call.sent and call.head["method"] not in REPEATABLE:
                _fail(call, _unknown_fate(call.head["method"]))
            else:
                call.sent = False
                self._dispatch(call)

    def close(self, error: HubUnreachableError) -> None:
        self._send = None
        for call in list(self._open.values()):
            _fail(call, error)

    def settle(self, head: Mapping[str, Any], body: bytes) -> None:
        """Give an answer of the hub to the call it belongs to; a late one belongs to none."""
        call = self._open.get(head["id"])
        if call is None or call.future.done():
            return
        if head["type"] == "error":
            call.future.set_exception(error_from_json(head["error"]))
        else:
            call.future.set_result(body if call.head["method"] == "read_content" else head.get("value"))

    def _dispatch(self, call: _Call) -> None:
        if self._send is not None:
            if call.timer is not None:
                call.timer.cancel()
            call.sent = True
            self._send(call.head, call.body)
        elif call.timer is None or call.timer.cancelled():
            call.timer = asyncio.get_running_loop().call_later(self._grace, self._give_up, call)

    def _give_up(self, call: _Call) -> None:
        _fail(call, self._unreachable())


def _fail(call: _Call, error: PfnbError) -> None:
    if not call.future.done():
        call.future.set_exception(error)


def _unknown_fate(method: str) -> HubUnreachableError:
    return HubUnreachableError(
        f"the connection to the hub broke during {method.replace('_', ' ')}: look whether it was done, then run this again"
    )
