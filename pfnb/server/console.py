"""What a notebook's cells print, on the standard output of the process that runs it."""

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
"""A webhook's uuid in its address, or in what shows the webhook as data."""
_MAX_HELD = 64 * 1024
"""Characters of a line without an end that are kept back."""
_SUBSCRIBED_SECONDS = 30.0
_ASK_AGAIN_SECONDS = 0.2


class Console:
    """Follows one kernel through a connection of its own: who runs the cells hears only of the cell that runs."""

    def __init__(self, client: AsyncKernelClient) -> None:
        self._client = client
        self._client.start_channels(shell=False, stdin=False, hb=False, control=False)
        self._following: asyncio.Task[None] | None = None
        self._lines = _Lines()

    async def subscribed(self, ask: Callable[[], object]) -> None:
        """A subscription takes a moment, and what the kernel says before that is lost. It greets most that it has, not all: so
        `ask`, which makes it say something, is called until something is heard. TimeoutError if nothing ever is."""
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
        """Returns never; raises OSError when nothing can be written any more."""
        assert self._following is not None, "it is subscribed"
        await asyncio.shield(self._following)

    async def close(self, seconds: float) -> None:
        """Write what is still to come of a kernel that has been told to end, for so many seconds at most."""
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
                # In a thread: whoever reads our output may be slow, and the hub is served by this loop.
                await asyncio.to_thread(self._lines.write, message["content"]["name"], message["content"]["text"])
            elif message["msg_type"] == "shutdown_reply":
                return


class _Lines:
    """Writes whole lines. What a cell prints comes in pieces: one by itself would stand amidst another line, and show half of a
    secret that is not seen to be one."""

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
        """Write what has no end, as lines."""
        for name, text in self._held.items():
            if text:
                _write(name, f"{text}\n")


def _write(name: str, text: str) -> None:
    stream = sys.stderr if name == "stderr" else sys.stdout
    stream.write(without_secrets(text))
    stream.flush()


def without_secrets(text: str) -> str:
    """The uuid of a webhook's address as `…6936bd`: logs are kept, and read by others."""
    return _SECRET.sub(r"\1…\2", text)
