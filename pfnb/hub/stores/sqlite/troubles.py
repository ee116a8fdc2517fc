"""Why an SQLite database cannot be used, and how to fix it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from pfnb.exceptions import StartError
from pfnb.hub.troubles import ELSEWHERE, FULL, LEAST, RIGHTS

_RESTORE = f"restore it from a backup, {ELSEWHERE}"
_LOCKED = ("another program has locked it", "stop that program and start again")
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: ("it cannot be written", RIGHTS),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", RIGHTS),
    sqlite3.SQLITE_PERM: ("it cannot be read", RIGHTS),
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_NOTADB: ("it is not a database", _RESTORE),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", _RESTORE),
    sqlite3.SQLITE_IOERR: ("its disk has read or write errors", f"check the disk, {ELSEWHERE}"),
}


def start_error(file: Path, error: BaseException | None) -> StartError:
    """For an SQLite error: names the file, the problem and the fix."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    reason, mend = _OF_SQLITE.get(code, (str(error), _RESTORE))
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and shutil.disk_usage(file.parent).free < LEAST:
        reason, mend = FULL
    return StartError(f"{file} cannot be used, since {reason}: {mend}")


def damaged(file: Path, reason: str) -> StartError:
    return StartError(f"{file} cannot be used, since {reason}: {_RESTORE}")
