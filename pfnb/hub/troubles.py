"""Why a data directory or its database cannot be used, and how to fix it."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from pfnb.exceptions import StartError

_ELSEWHERE = "or choose another data directory"
_RESTORE = f"restore it from a backup, {_ELSEWHERE}"
_RIGHTS = f"give yourself the right to read and write it and its folder, {_ELSEWHERE}"
_FULL = ("the disk is full", f"free some space there and start again, {_ELSEWHERE}")
_LOCKED = ("another program has locked it", "end that program and start again")
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: ("it cannot be written", _RIGHTS),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", _RIGHTS),
    sqlite3.SQLITE_PERM: ("it cannot be read", _RIGHTS),
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_NOTADB: ("it is not a database", _RESTORE),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", _RESTORE),
    sqlite3.SQLITE_IOERR: ("its disk fails to read or write it", f"look at the disk, {_ELSEWHERE}"),
}
_LEAST = 64 * 1024
"""Bytes. With less space left on the disk, SQLite reports an I/O error instead of a full disk."""


def start_error(file: Path, error: BaseException | None) -> StartError:
    """For an SQLite error: names the file, the problem and the fix."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    reason, mend = _OF_SQLITE.get(code, (str(error), _RESTORE))
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and shutil.disk_usage(file.parent).free < _LEAST:
        reason, mend = _FULL
    return StartError(f"{file} cannot be used, since {reason}: {mend}")


def takes_more(folder: Path) -> bool:
    """Whether files can be created in a folder and there is space for them. False if the folder does not exist."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return False
    # A file system that reports no sizes gives 0 for all of them.
    return os.access(folder, os.W_OK) and (disk.total == 0 or disk.free >= _LEAST)


def damaged(file: Path, reason: str) -> StartError:
    return StartError(f"{file} cannot be used, since {reason}: {_RESTORE}")


def os_error(path: Path, error: OSError) -> StartError:
    """The same for an OSError, which may name a file of its own."""
    reason, mend = os.strerror(error.errno or 0), _RIGHTS
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason, mend = _FULL
    return StartError(f"{error.filename or path} cannot be used, since {reason}: {mend}")
