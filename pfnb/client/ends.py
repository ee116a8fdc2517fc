"""Reports the ends of runs to the hub, several in one call if they come close together: they are committed together, too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pfnb.client.port import Caller
from pfnb.client.way import is_of_the_way
from pfnb.exceptions import PfnbError, error_from_json

MOST = 16
"""Ends in one call: so many runs at most are repeated if this process is killed just before it."""
SECONDS = 0.002
"""How long an end waits for others."""

_Waiting: TypeAlias = tuple[Mapping[str, Any], asyncio.Future[None]]


class Ends:
    """Call all methods on the loop."""

    def __init__(self, hub: Caller) -> None:
        self._hub = hub
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Handle | None = None
        self._is_soon = False
        self._calls: set[asyncio.Task[None]] = set()

    async def report(self, end: Mapping[str, Any], *, more: bool = False) -> None:
        """Returns once the hub has stored the end, or raises the error because of which it has not. `more`: the next run begins
        at once, and its end may go along."""
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        self._waiting.append((end, stored))
        if len(self._waiting) >= MOST:
            self._send()
        elif not more and not self._is_soon:
            self._cancel()
            self._sending, self._is_soon = loop.call_soon(self._send), True
        elif self._sending is None:
            self._sending = loop.call_later(SECONDS, self._send)
        await stored

    async def close(self) -> None:
        """Send nothing more."""
        self._cancel()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _cancel(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
        self._sending, self._is_soon = None, False

    def _send(self) -> None:
        self._cancel()
        group, self._waiting = self._waiting, []
        self._begin(group)

    def _begin(self, group: Sequence[_Waiting]) -> None:
        call = asyncio.get_running_loop().create_task(self._call(group))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, group: Sequence[_Waiting]) -> None:
        try:
            answers = await self._hub.call("finish_deliveries", {"ends": [end for end, _ in group]})
        except PfnbError as error:
            if len(group) == 1 or is_of_the_way(error):
                for _, stored in group:
                    _settle(stored, error)
            else:
                # One of them is too long, or wrong: the others must not fail with it.
                for one in group:
                    self._begin([one])
            return
        for (_, stored), answer in zip(group, answers, strict=True):
            _settle(stored, None if answer is None else error_from_json(answer))


def _settle(stored: asyncio.Future[None], error: PfnbError | None) -> None:
    if stored.done():
        return
    if error is None:
        stored.set_result(None)
    else:
        stored.set_exception(error)
