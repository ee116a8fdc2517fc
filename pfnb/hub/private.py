"""Files and folders that only their owner can read, whatever the process's umask and whoever created them."""

from __future__ import annotations

import os
from pathlib import Path

from pfnb.exceptions import StartError

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def private_file(path: Path) -> Path:
    """Create the file if it is missing, and make it readable by its owner only."""
    path.touch(FILE_MODE)
    path.chmod(FILE_MODE)
    return path


def own_folder(path: Path) -> Path:
    """Create the folder and its missing parents, for their owner only. An existing folder keeps its mode: somebody chose it.
    StartError if it cannot be created or written to."""
    try:
        for folder in [path, *path.parents][::-1]:
            if not folder.is_dir():
                folder.mkdir(FOLDER_MODE, exist_ok=True)
                folder.chmod(FOLDER_MODE)
    except OSError as error:
        raise StartError(
            f"{path} cannot be a data directory: {os.strerror(error.errno or 0)} ({error.filename})"
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise StartError(f"{path} cannot be a data directory: you may not write there")
    return path


def write_private(path: Path, text: str) -> None:
    """Write this text to the file atomically; only its owner can read it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    private_file(new).write_text(text, encoding="utf-8")
    new.replace(path)
