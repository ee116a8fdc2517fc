"""Stops a scan from another thread: a folder may be large, and git may take long."""

from __future__ import annotations

import subprocess
from threading import Lock


class Halted(Exception):  # noqa: N818 - not an error
    """The scan was stopped."""


class Halt:
    """The scan calls `check` regularly, and registers the git process that it waits for. Call `end` to stop it."""

    def __init__(self) -> None:
        self._ended = False
        self._git: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def check(self) -> None:
        """Raise Halted once the scan has been ended."""
        if self._ended:
            raise Halted

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if self._git is not None and self._git.returncode is None:
                self._git.kill()

    def waits_for(self, git: subprocess.Popen[bytes]) -> None:
        """Register the git process being read: `end` kills it."""
        with self._lock:
            self._git = git
            if self._ended:
                git.kill()
