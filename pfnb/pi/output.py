"""Lines on standard output from a loop, which a paused terminal or a slow reader must not hold up."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TextIO

from pfnb.display.pretty import Paint
from pfnb.language.daemon_threads import DaemonThreads

WAITING = 1_000
"""Texts that wait for a reader who is slow; then whoever has more waits."""
LAST_SECONDS = 1.0


class Output:
    """Writes texts one after the other, in a thread of its own. A reader that has left is no error: `left` is set then, and
    nothing more is written. Use as an async context manager; its end waits briefly for what is not written yet."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._texts: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._thread = DaemonThreads(1, "pfnb output")
        self._writing: asyncio.Task[None] | None = None
        self.left = asyncio.Event()
        self.paint = Paint.of(terminal=stream.isatty(), environ=os.environ)

    @property
    def width(self) -> int:
        """Columns of the terminal; elsewhere 120."""
        return shutil.get_terminal_size((120, 40)).columns if self._stream.isatty() else 120

    async def __aenter__(self) -> Output:
        self._writing = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_error: object) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                await self._texts.join()
        if self._writing is not None:
            self._writing.cancel()
        self._thread.shutdown()

    async def line(self, text: str) -> None:
        """A line, or several."""
        if not self.left.is_set():
            await self._texts.put(f"{text}\n")

    async def while_read(self, work: Coroutine[Any, Any, None], *ends: asyncio.Event) -> None:
        """Do the work until it ends, one of these events is set, or nobody reads what it writes."""
        tasks = [asyncio.create_task(work), *(asyncio.create_task(one.wait()) for one in (self.left, *ends))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            text = await self._texts.get()
            if not self.left.is_set():
                try:
                    await loop.run_in_executor(self._thread, self._put, text)
                except OSError:
                    self._leave()
            self._texts.task_done()

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _leave(self) -> None:
        """The reader has left, as `head` does: let the interpreter's last flush go nowhere."""
        self.left.set()
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def harmless(stream: TextIO) -> TextIO:
    """The stream, which from now on writes a character that its encoding does not have as an escape."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream


def note(text: str) -> None:
    """A line for people, beside the data on standard output."""
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
