"""Copies what a notebook's cells print to the standard output of the process that runs it."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable

from jupyter_client.asynchronous.client import AsyncKernelClient

_HEX = "[0-9a-f]"
_SECRET = re.compile(
    rf"(\b(?:uuid|token)\W{{0,4}}(?:=|:|%3d)\W{{0,4}}){_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{6}}({_HEX}{{6}})",
    re.IGNORECASE,
)
"""A webhook's uuid in an address, or in the webhook shown as data."""
_MAX_HELD = 64 * 1024
"""The most characters of an unfinished line that are held back."""
_SUBSCRIBED_SECONDS = 30.0
_ASK_AGAIN_SECONDS = 0.2


class Console:
    """Follows one kernel through a connection of its own: the client that runs the cells only gets output of the running cell."""

    def __init__(self, client: AsyncKernelClient) -> None:
        self._client = client
        self._client.start_channels(shell=False, stdin=False, hb=False, control=False)
        self._following: asyncio.Task[None] | None = None
        self._lines = _Lines()

    async def subscribed(self, ask: Callable[[], object]) -> None:
        """Wait until the subscription works: earlier messages are lost. Not every kernel sends a welcome message, so `ask`, which
        makes the kernel send something, is called until a message arrives. TimeoutError if none does."""
        async with asyncio.timeout(_SUBSCRIBED_SECONDS):
            while not await self._hears():
                ask()
        self._following = asyncio.create_task(self._follow(), name="pfnb console")

    async def _hears(self) -> bool:
        try:
            await asyncio.wait_for(self._client.get_iopub_msg(), _ASK_AGAIN_SECONDS)
        except TimeoutError:
            return False
        return True

    async def failed(self) -> None:
        """Never returns; raises OSError once the output cannot be written."""
        assert self._following is not None, "it is subscribed"
        await asyncio.shield(self._following)

    async def close(self, seconds: float) -> None:
        """Write the remaining output of a kernel that is shutting down, for at most `seconds`."""
        if self._following is not None:
            await asyncio.wait({self._following}, timeout=seconds)
            self._following.cancel()
            finished = asyncio.wait_for(asyncio.to_thread(self._lines.finish), seconds)
            await asyncio.gather(self._following, finished, return_exceptions=True)
        self._client.stop_channels()

    async def _follow(self) -> None:
        while True:
            message = await self._client.get_iopub_msg()
            if message["msg_type"] == "stream":
                # In a thread: the reader of our output may be slow, and this loop serves the hub.
                await asyncio.to_thread(self._lines.write, message["content"]["name"], message["content"]["text"])
            elif message["msg_type"] == "shutdown_reply":
                return


class _Lines:
    """Writes whole lines. Cells print in pieces: a piece could land within another line, or show half of a secret,
    unrecognized."""

    def __init__(self) -> None:
        self._held = {"stdout": "", "stderr": ""}

    def write(self, name: str, text: str) -> None:
        text = self._held[name] + text
        end = max(text.rfind("\n"), text.rfind("\r")) + 1
        if len(text) - end > _MAX_HELD:
            end = len(text)
        self._held[name] = text[end:]
        _write(name, text[:end])

    def finish(self) -> None:
        """Write unfinished lines, and end them."""
        for name, text in self._held.items():
            if text:
                _write(name, f"{text}\n")


def _write(name: str, text: str) -> None:
    stream = sys.stderr if name == "stderr" else sys.stdout
    stream.write(without_secrets(text))
    stream.flush()


def without_secrets(text: str) -> str:
    """Mask webhook uuids as `…6936bd`: logs are kept, and others read them."""
    return _SECRET.sub(r"\1…\2", text)
