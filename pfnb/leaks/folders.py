"""The files and repositories below a folder to scan. The folder may be hostile, so a scan never blocks on anything in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pfnb.leaks.halt import Halt

GIT = ".git"
DATABASE = "pfnb.sqlite"
"""The file of a hub's data. Secrets in its folder are where they belong."""
_BARE = frozenset({"HEAD", "objects", "refs"})
"""What a bare repository contains."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """The names of its folders and regular files, without links; `others` are all other names."""

    path: Path
    folders: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    is_readable: bool = True

    def is_repository(self) -> bool:
        names = {*self.folders, *self.files, *self.others}
        return GIT in names or names >= _BARE


def files_below(path: Path, halt: Halt) -> Iterator[Path]:
    """`path` itself if it is not a folder, else every regular file below it.

    Links are not followed: they may lead anywhere, or in circles. `.git` is left to the scan of history, and hubs' own data is
    skipped. An unreadable folder is yielded like a file: reading it raises the reason.
    """
    if not path.is_dir():
        yield path
        return
    for folder in _folders_below(path, halt):
        if not folder.is_readable:
            yield folder.path
        elif DATABASE in folder.files:
            folder.folders.clear()
        else:
            yield from (folder.path / name for name in folder.files)


def repositories_below(path: Path, halt: Halt) -> Iterator[Path]:
    """Folders at or below `path` that contain a `.git` or are bare repositories, and the nearest one above."""
    start = path.absolute()
    above = next((folder for folder in (start, *start.parents) if os.path.lexists(folder / GIT)), None)
    if above is not None:
        yield above
    for folder in _folders_below(start, halt) if path.is_dir() else ():
        if folder.is_repository() and folder.path != above:
            yield folder.path


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading. OSError if it is not a regular file: a pipe or a device may never end."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return os.fdopen(descriptor, "rb", buffering=0)


def _folders_below(path: Path, halt: Halt) -> Iterator[_Folder]:
    """`path` and the folders below it, parents first; empty `folders` to skip those.

    It does not use `os.walk`, which recurses: there may be more levels than Python can recurse.
    """
    waiting = [path]
    while waiting:
        halt.check()
        folder = _Folder(waiting.pop())
        try:
            with os.scandir(folder.path) as entries:
                for entry in sorted(entries, key=lambda one: one.name):
                    _names_of(folder, entry).append(entry.name)
        except OSError:
            folder = _Folder(folder.path, is_readable=False)
        yield folder
        waiting.extend(folder.path / name for name in reversed(folder.folders) if name != GIT)


def _names_of(folder: _Folder, entry: os.DirEntry[str]) -> list[str]:
    if entry.is_dir(follow_symlinks=False):
        return folder.folders
    return folder.files if entry.is_file(follow_symlinks=False) else folder.others
