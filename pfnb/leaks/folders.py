"""The files below a folder that a scan reads."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

GIT = ".git"


def files_below(path: Path, skipped: Collection[Path]) -> Iterator[Path]:
    """`path` itself if it is a file, else every regular file below it.

    Links are not followed: they may lead anywhere, and round in circles. The inside of `.git` is left to the scan of history,
    and folders in `skipped` (absolute) to their owner. NotADirectoryError and PermissionError are left to the reader: a
    folder that cannot be read is yielded as if it were a file.
    """
    if not path.is_dir():
        yield path
        return
    unreadable: list[Path] = []
    for folder, names, files in os.walk(path, onerror=lambda error: unreadable.append(Path(str(error.filename)))):
        here = Path(folder)
        names[:] = sorted(name for name in names if name != GIT and (here / name).absolute() not in skipped)
        for name in sorted(files):
            file = here / name
            if file.is_file() and not file.is_symlink() and file.absolute() not in skipped:
                yield file
        yield from unreadable
        unreadable.clear()


def repositories_below(path: Path, skipped: Collection[Path]) -> Iterator[Path]:
    """Folders with a `.git` in them at or below `path`, and the nearest one above it."""
    start = path.absolute()
    above = next((folder for folder in (start, *start.parents) if (folder / GIT).exists()), None)
    if above is not None:
        yield above
    for folder, names, _ in os.walk(path):
        here = Path(folder).absolute()
        if (here / GIT).exists() and here != above:
            yield here
        names[:] = [name for name in names if name != GIT and here / name not in skipped]
