"""Names of notebooks in a hub that servers of several folders share: a notebook has the same name in all of them."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from pfnb.hub.private import own_folder, write_private

FILE = "root"


class NotebookNames:
    """Names a notebook by its path relative to the root of the first server; outside of that, by its absolute path."""

    def __init__(self, data_dir: Path, root: str) -> None:
        self._here = os.path.realpath(root or ".")
        file = own_folder(data_dir) / FILE
        try:
            self._first = file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            write_private(file, self._here)
            self._first = self._here

    def name_of(self, path: str) -> str:
        if self._here == self._first:
            return path
        whole = PurePosixPath(Path(self._here).as_posix(), path.lstrip("/"))
        first = PurePosixPath(Path(self._first).as_posix())
        return str(whole.relative_to(first) if whole.is_relative_to(first) else whole)
