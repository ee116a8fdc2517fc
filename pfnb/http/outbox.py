"""An outbox bundles the frames sent within one turn of the loop into one message, which costs little more than one frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tornado.websocket import WebSocketClosedError

from pfnb.http.wire import LARGE_FRAME, bundle

MAX_FRAMES = 16
"""Frames after which the sender yields to the loop."""


class Outbox:
    """`write` sends a message; on a closed connection it is lost. Without `bundles`, each frame is a message."""

    def __init__(self, write: Callable[[bytes], asyncio.Future[None]]) -> None:
        self._write = write
        self.bundles = False
        self._frames: list[bytes] = []
        self._written: asyncio.Future[None] | None = None

    async def send(self, frame: bytes) -> None:
        """Returns when there is room for more: a slow reader slows its senders down."""
        if self._written is not None and not self._written.done():
            await asyncio.wait([self._written])
        if not self._frames:
            asyncio.get_running_loop().call_soon(self.flush)
        self._frames.append(frame)
        if len(frame) > LARGE_FRAME or not self.bundles:
            self.flush()
            if self._written is not None:
                await asyncio.wait([self._written])
        elif len(self._frames) >= MAX_FRAMES:
            self.flush()
            await asyncio.sleep(0)

    def flush(self) -> None:
        frames, self._frames = self._frames, []
        if not frames:
            return
        large = frames.pop() if len(frames[-1]) > LARGE_FRAME else None  # always the last, see `send`
        for message in ([bundle(frames)] if frames else []) + ([large] if large is not None else []):
            try:
                self._written = self._write(message)
            except WebSocketClosedError:
                return
            self._written.add_done_callback(_noted)


def _noted(future: asyncio.Future[None]) -> None:
    if not future.cancelled():
        future.exception()  # retrieved, so that asyncio does not log it; the reader notices the closed connection
