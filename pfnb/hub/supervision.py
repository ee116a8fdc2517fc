"""Work that continues as long as a hub is open. After a failure, it restarts; the log and its state say why it failed."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
import time
from collections.abc import Awaitable, Callable

from pfnb.exceptions import PfnbError

log = logging.getLogger("pfnb.hub")
RETRY_SECONDS = 1.0
"""The shortest pause after a failure."""
SAY_SECONDS = 60.0
"""Seconds between two log entries of the same repeated failure."""
NO_THREAD = "can't start new thread"
"""What Python says when the operating system has no memory for another thread, or allows no more."""
UNEXPECTED = "the hub met an unexpected error, which its log describes"


class Repeated:
    """Decides which repeated errors are logged now. Thread-safe."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_due(self, error: BaseException | str) -> bool:
        """Whether this error, or this kind of error, was not logged in the last minute; it then counts as logged."""
        text, now = error if isinstance(error, str) else _kind(error), time.monotonic()
        with self._lock:
            self._said = {said: since for said, since in self._said.items() if now - since < SAY_SECONDS}
            if text in self._said:
                return False
            self._said[text] = now
            return True


class Supervision:
    """One kind of work; `failed` is the log's message for its failure. `trouble` is the reason, until the work succeeds again."""

    def __init__(self, failed: str) -> None:
        self.trouble: str | None = None
        self._failed = failed
        self._repeated = Repeated()

    async def again_and_again(
        self, work: Callable[[], Awaitable[object]], *, first: float = 0.0, every: float = 0.0
    ) -> None:
        """Until it is cancelled: wait for `first` seconds, then do the work with pauses of `every` seconds."""
        await asyncio.sleep(first)
        while True:
            try:
                await work()
            except Exception as error:
                self._note(error)
                await asyncio.sleep(max(every, RETRY_SECONDS))
            else:
                self.well()
                if every:
                    await asyncio.sleep(every)

    async def until_done(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do the work, after a pause again and again until it succeeds."""
        while True:
            try:
                await work()
            except Exception as error:
                self._note(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    def well(self) -> None:
        """Report that the work succeeds, even if it has not finished."""
        self.trouble = None

    def _note(self, error: Exception) -> None:
        self.trouble = str(error) if isinstance(error, PfnbError) else UNEXPECTED
        if self._repeated.is_due(error):
            speaks_for_itself = isinstance(error, PfnbError | OSError)
            log.warning("%s: %s", self._failed, error, exc_info=None if speaks_for_itself else error)


def _kind(error: BaseException) -> str:
    """The kind is the same for the same trouble with another statement or file."""
    behind = getattr(error, "orig", None) or error
    said = behind.strerror if isinstance(behind, OSError) else None
    return f"{type(behind).__name__}: {said or behind}"


def lacking(error: BaseException) -> str | None:
    """What the machine has too little of now, if that is the error: it will pass, and is not the caller's fault."""
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return "too few file descriptors"
    no_thread = isinstance(error, RuntimeError) and str(error) == NO_THREAD
    return "too little memory" if isinstance(error, MemoryError) or no_thread else None
