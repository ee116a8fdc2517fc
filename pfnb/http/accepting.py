"""Accepts connections, and pauses while all places are taken. Tornado alone would retry in a loop and log each attempt."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Any

log = logging.getLogger("pfnb.http")

NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
AT_ONCE = 128
"""Connections accepted in a row before other work gets its turn."""
REST_SECONDS = 0.25
WARN_SECONDS = 60.0


class Accepting:
    """Hands each connection of a listening socket to `take`. `has_room` says whether one more may come; `make_room` closes a less
    important one and returns whether it found one."""

    def __init__(
        self,
        listening: socket.socket,
        take: Callable[[socket.socket, Any], None],
        *,
        has_room: Callable[[], bool],
        make_room: Callable[[], bool],
    ) -> None:
        self._listening = listening
        self._take = take
        self._has_room = has_room
        self._make_room = make_room
        self._loop = asyncio.get_running_loop()
        self._rest: asyncio.TimerHandle | None = None
        self._warned = -WARN_SECONDS
        self._loop.add_reader(listening, self._accept)

    def stop(self) -> None:
        self._loop.remove_reader(self._listening)
        if self._rest is not None:
            self._rest.cancel()

    def _pause(self, reason: str) -> None:
        """Let new connections queue in the operating system for a moment."""
        self._loop.remove_reader(self._listening)
        self._rest = self._loop.call_later(REST_SECONDS, self._resume)
        if self._loop.time() - self._warned >= WARN_SECONDS:
            self._warned = self._loop.time()
            log.warning("new connections must wait: %s", reason)

    def _resume(self) -> None:
        self._rest = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            if not self._has_room() and not self._make_room():
                self._pause("as many connections are open as --max-connections and the limit of open files allow")
                return
            try:
                connection, address = self._listening.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in NO_DESCRIPTOR:
                    raise
                if not self._make_room():
                    self._pause(f"{error.strerror}; raise the limit of open files, or lower --max-connections")
                    return
            else:
                self._take(connection, address)
