"""A server process that says where it is ready, and how much memory it takes."""

from __future__ import annotations

import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

READY = re.compile(r"ready at (http://\S+)")
START_SECONDS = 30


@dataclass(frozen=True)
class Server:
    url: str
    pid: int

    def memory(self) -> int:
        """Resident bytes now, its child processes included."""
        process = psutil.Process(self.pid)
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])


@contextmanager
def server(*arguments: str, environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Starts `python <arguments>` and ends it with the block; what it writes to stderr goes into `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, stderr=output, text=True
        )
    try:
        yield Server(_address(process, log), process.pid)
    finally:
        process.terminate()
        process.communicate()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([process.stdout], [], [], left)
        line = process.stdout.readline() if readable else ""
        if not line:
            break
        if found := READY.search(line):
            return found[1]
    raise RuntimeError(f"{' '.join(map(str, process.args))} did not get ready:\n{log.read_text()[-3000:]}")
