"""One child process, on its parent's side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Event, Timer
from typing import Any

from pfnb.exceptions import BusyError, RunLimitError, error_from_json
from pfnb.language.budget import WALL_SECONDS, Budget
from pfnb.workshop.limits import WAITING_SECONDS
from pfnb.workshop.wire import decoded, receive, send

START = ("-P", "-m", "pfnb.workshop")
HARMLESS = (
    "HOME",
    "LANG",
    "LC_",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHON",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TZ",
    "VIRTUAL_ENV",
)
"""Name prefixes of environment variables passed to a child: none holds a secret."""

_OUT_OF_TIME = {getattr(signal, name, None) for name in ("SIGPROF", "SIGXCPU")}
"""Signals with which the system kills a child that has used up its processor time."""


class GoneError(Exception):
    """The child ended by itself before it started the job."""


class Child:
    """A process that does one job at a time, and loads a module before the first. Raises BusyError if it cannot be started."""

    def __init__(self, module: str = "pfnb.workshop") -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, *START, module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if name.upper().startswith(HARMLESS)},
            )
        except OSError as error:
            raise BusyError(f"no process could be started for this step: {error}") from None
        self.pid = self._process.pid
        self.is_usable = True

    def work(self, job: bytes, budget: Budget) -> Any:
        """The result of a job. Raises the job's own error, RunLimitError if it was killed, and GoneError."""
        self.is_usable = False
        answer, is_late = self._exchange(job)
        if answer is None:
            raise self._death(budget, is_late)
        seconds, is_large, error, result = decoded(answer)
        self.is_usable = not is_large
        budget.use(seconds)
        if error is not None:
            raise error_from_json(error)
        return result

    def _exchange(self, job: bytes) -> tuple[bytes | None, bool]:
        """The answer, None if the child ended before; and whether it was killed for exceeding its wall-clock time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = Event()

        def kill() -> None:
            late.set()
            self._process.kill()

        timer = Timer(WALL_SECONDS, kill)
        timer.daemon = True
        timer.start()
        try:
            with suppress(BrokenPipeError):
                send(self._process.stdin, job)
            return receive(self._process.stdout), late.is_set()
        finally:
            timer.cancel()

    def _death(self, budget: Budget, is_late: bool) -> Exception:
        status = self._process.wait()
        if is_late:
            return RunLimitError(f"this step takes more than {WALL_SECONDS:g} s: give it less data")
        if status == 0:
            return GoneError()
        if -status == getattr(signal, "SIGALRM", None):
            seconds = budget.seconds_left + WAITING_SECONDS
            budget.use(budget.seconds_left)
            return RunLimitError(
                f"this step takes more than {seconds:.2g} s: give it less data, or try again when the machine is less busy"
            )
        if -status in _OUT_OF_TIME:
            budget.use(budget.seconds_left)
            return budget.over()
        return RunLimitError(
            f"this step ended its process (status {status}), most likely for its memory: give it less data"
        )

    def end(self) -> None:
        """Kill the child, whatever it is doing."""
        self.is_usable = False
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()
