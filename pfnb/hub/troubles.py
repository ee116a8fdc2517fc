"""Why a data directory cannot be used, and how to fix it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from pfnb.exceptions import StartError

ELSEWHERE = "or choose another data directory"
RIGHTS = f"make it and its folder readable and writable for you, {ELSEWHERE}"
FULL = ("the disk is full", f"free some space there and start again, {ELSEWHERE}")
LEAST = 64 * 1024
"""Bytes. With less space left on the disk, SQLite reports an I/O error instead of a full disk."""


def takes_more(folder: Path) -> bool:
    """Whether files can be created in a folder and there is space for them. False if the folder does not exist."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return False
    # A file system that reports no sizes gives 0 for all of them.
    return os.access(folder, os.W_OK) and (disk.total == 0 or disk.free >= LEAST)


def os_error(path: Path, error: OSError) -> StartError:
    """For an OSError, which may name a file of its own: names the file, the problem and the fix."""
    reason, mend = os.strerror(error.errno or 0), RIGHTS
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason, mend = FULL
    return StartError(f"{error.filename or path} cannot be used, since {reason}: {mend}")
