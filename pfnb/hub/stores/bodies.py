"""Bodies too large for memory: files in the hub's body folder, written once by the receiver; the store keeps their names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from pfnb.hub.receiving.request import Body


def read_body(body: Body) -> bytes:
    """All bytes. Reads the disk if the body is a file."""
    if body.data is not None:
        return body.data
    assert body.path is not None, "a body is data or a file"
    return body.path.read_bytes()


def read_slice(body: Body, offset: int, size: int) -> bytes:
    """A file of a multipart body: `size` bytes from `offset`. Reads the disk if the body is a file."""
    if body.data is not None:
        return body.data[offset : offset + size]
    assert body.path is not None, "a body is data or a file"
    with body.path.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def remove_body(body: Body) -> None:
    if body.path is not None:
        body.path.unlink(missing_ok=True)


async def discard_body(body: Body) -> None:
    """Remove a body that no event keeps. If the disk does not allow it now, the next start does it."""
    if body.path is not None:
        with suppress(OSError):
            await asyncio.to_thread(remove_body, body)


def sync_folder(folder: Path) -> None:
    """Make the names of new files survive a crash of the machine; their bytes were synced when written."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep_folder(folder: Path, kept: Collection[str]) -> None:
    """Remove files that no event names: uploads that a crash cut off before their event was committed."""
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink(missing_ok=True)


def remove_files(folder: Path, names: Collection[str]) -> None:
    """Remove these bodies."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
