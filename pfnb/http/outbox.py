"""An outbox bundles the frames sent within one turn of the loop into one message, which costs little more than one frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from tornado.websocket import WebSocketClosedError

from pfnb.http.wire import LARGE_FRAME, Frame, bundle

MAX_FRAMES = 16
"""Frames after which the sender yields to the loop."""


class Outbox:
    """`write` sends a message; on a closed connection it is lost. Without `bundles`, each frame is a message."""

    def __init__(self, write: Callable[[bytes], asyncio.Future[None]]) -> None:
        self._write = write
        self.bundles = False
        self._frames: list[bytes] = []
        self._written: asyncio.Future[None] | None = None

    async def send(self, frame: Frame) -> None:
        """Returns when there is room for more: a slow reader slows its senders down."""
        while self._written is not None and not self._written.done():
            await asyncio.wait([self._written])
        if self.bundles and len(frame) == 1 and len(frame[0]) <= LARGE_FRAME:
            if not self._frames:
                asyncio.get_running_loop().call_soon(self.flush)
            self._frames.append(frame[0])
            if len(self._frames) >= MAX_FRAMES:
                self.flush()
                await asyncio.sleep(0)
        else:
            self.flush()
            self._written = asyncio.ensure_future(self._write_all(frame))
            await asyncio.wait([self._written])

    def flush(self) -> None:
        frames, self._frames = self._frames, []
        if frames:
            with suppress(WebSocketClosedError):
                self._written = self._write(bundle(frames))
                self._written.add_done_callback(_noted)

    async def _write_all(self, messages: Sequence[bytes]) -> None:
        """One after the other, so that a long frame is neither copied nor written at once."""
        with suppress(WebSocketClosedError):
            for message in messages:
                await self._write(message)


def _noted(future: asyncio.Future[None]) -> None:
    if not future.cancelled():
        future.exception()  # retrieved, so that asyncio does not log it; the reader notices the closed connection
