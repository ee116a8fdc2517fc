"""Disks that are small, and that refuse to write."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

WRITES = "write,pwrite64,fsync,fdatasync,ftruncate,openat,unlink"
"""The calls of the operating system by which SQLite, bodies and the audit log write."""


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own in memory, of so many bytes (`8m`)."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, left: int = 0) -> Path:
    """A file that takes all of the disk but `left` bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            file.truncate(max(0, file.tell() - left))
    return ballast


@asynccontextmanager
async def refusing(pid: int, error: str, files: Iterator[Path] | list[Path]) -> AsyncIterator[None]:
    """Every write to these files, of this process, ends with this error (`EIO`, `EROFS`) until the block ends."""
    if shutil.which("strace") is None:
        pytest.skip("strace is needed: sudo apt install strace")
    paths = [word for path in files for word in ("-P", str(path))]
    tracing = await asyncio.create_subprocess_exec(
        "strace", "-f", "-qqq", "-p", str(pid), *paths, "-e", f"trace={WRITES}", "-e", f"inject={WRITES}:error={error}",
        stdout=DEVNULL, stderr=PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(20):
            while not is_traced(pid):
                if tracing.returncode is not None:
                    pytest.skip(f"no process can be traced here: {(await tracing.communicate())[1].decode()[:200]}")
                await asyncio.sleep(0.02)
        yield
    finally:
        if tracing.returncode is None:
            os.kill(tracing.pid, signal.SIGINT)
        await tracing.communicate()


def is_traced(pid: int) -> bool:
    """Whether every thread of this process is."""
    texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return not any(re.search(r"TracerPid:\s+0\b", text) for text in texts)
