"""How a child limits itself through the operating system: when the time of a job is over it is killed, even within C code."""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress
from pathlib import Path
from time import process_time

MEMORY = 128 * 1024 * 1024
"""Bytes of memory that a child may use beyond what it starts with."""
CODE = 64 * 1024 * 1024
"""Bytes of address space for libraries that it loads later."""
NICENESS = 10
"""The same as a hub's worker has, so that a worker's child is as nice as its parent."""
_GRACE_SECONDS = 2
WAITING_SECONDS = 0.5
"""Seconds of wall-clock time that a job may take beyond its processor time, while other programs use the processor."""


def limit_process() -> None:
    """Leave the processor to others, and bound the memory."""
    if sys.platform == "win32":
        return
    import resource
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the parent
    os.nice(max(NICENESS - os.nice(0), 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):  # a system without such a limit, or without /proc
        pages, *_, data_pages, _ = map(int, Path("/proc/self/statm").read_text().split())
        _lower(resource.RLIMIT_DATA, data_pages * mmap.PAGESIZE + MEMORY)
        _lower(resource.RLIMIT_AS, pages * mmap.PAGESIZE + MEMORY + CODE)


def _lower(which: int, most: int) -> None:
    import resource

    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def limit_job(seconds: float) -> None:
    """Have the system kill this process after this much more processor time, or WAITING_SECONDS later on the clock; 0 removes the
    limit."""
    if sys.platform == "win32":
        return
    import resource
    import signal

    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds and seconds + WAITING_SECONDS)
    if seconds:
        _lower(resource.RLIMIT_CPU, int(process_time() + seconds) + _GRACE_SECONDS)


def is_large() -> bool:
    """Whether this process holds so much memory that it should be replaced; False if the system does not say."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE > MEMORY // 2
    return False
