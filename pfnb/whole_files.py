"""Writes files atomically: a program that ends midway leaves the old file."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_whole(file: Path, data: bytes) -> None:
    """Write a file, new or in place of another. A link is replaced; its target stays unchanged.

    OSError, also if something other than a file is there, such as a device or a folder.
    """
    mode = None
    if not file.is_symlink() and file.exists():
        if not file.is_file():
            raise OSError(f"{file} already exists and is not a file")
        mode = file.stat().st_mode & 0o777
    unfinished = file.parent / f".pfnb-{secrets.token_hex(8)}"
    try:
        with unfinished.open("xb") as opened:
            opened.write(data)
        if mode is not None:
            unfinished.chmod(mode)
        unfinished.replace(file)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
