"""The files below a folder that a scan reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

GIT = ".git"
DATABASE = "pfnb.sqlite"
"""The file that a hub keeps its data in. The secrets in its folder are where they belong."""


def files_below(path: Path) -> Iterator[Path]:
    """`path` itself if it is a file, else every regular file below it.

    Links are not followed: they may lead anywhere, and round in circles. The inside of `.git` is left to the scan of history,
    and hubs' own data is left out. A folder that cannot be read is yielded as if it were a file: its reader says why.
    """
    if not path.is_dir():
        yield path
        return
    unreadable: list[Path] = []
    for folder, names, files in os.walk(path, onerror=lambda error: unreadable.append(Path(str(error.filename)))):
        here = Path(folder)
        names[:] = [] if DATABASE in files else sorted(name for name in names if name != GIT)
        for name in sorted(files) if DATABASE not in files else ():
            file = here / name
            if file.is_file() and not file.is_symlink():
                yield file
        yield from unreadable
        unreadable.clear()


def repositories_below(path: Path) -> Iterator[Path]:
    """Folders with a `.git` in them at or below `path`, and the nearest one above it."""
    start = path.absolute()
    above = next((folder for folder in (start, *start.parents) if (folder / GIT).exists()), None)
    if above is not None:
        yield above
    for folder, names, files in os.walk(path):
        here = Path(folder).absolute()
        if (GIT in names or GIT in files) and here != above:
            yield here
        names[:] = [name for name in names if name != GIT]
