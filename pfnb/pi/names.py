"""Files named by a hub: checks that names are harmless, and writes below a folder without being led out of it."""

from __future__ import annotations

import re
from pathlib import Path

from pfnb.exceptions import ParameterError
from pfnb.whole_files import write_whole

_REFUSED = re.compile(r'[\\<>"|:?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Device names in any folder of Windows, with any extension."""
_GIT = re.compile(r"\.git|git~[0-9]+", re.IGNORECASE)
"""Folders that git takes for a repository, whose settings can run programs."""
_LONGEST, _DEEPEST = 200, 50


def checked_parts(path: str) -> tuple[str, ...]:
    """The names in a path with slashes. ParameterError unless it names a file below a folder on every system."""
    parts = tuple(path.split("/"))
    if len(parts) > _DEEPEST or not all(_is_harmless(part) for part in parts):
        raise ParameterError(f"{path[:200]!r} is not a valid file path")
    return parts


def write_below(root: Path, file: Path, data: bytes) -> None:
    """Write a file below `root`. ParameterError if links, or names that differ only in case, are in the way."""
    here = root
    for part in file.relative_to(root).parts:
        twin = _twin(here, part)
        if twin is not None:
            raise ParameterError(
                f"{here / part} and {twin} differ only in capital letters: some systems use one file for both"
            )
        here /= part
        if here.is_symlink():
            raise ParameterError(f"{here} is a link, and pi writes nothing through links: remove it")
        if here != file:
            here.mkdir(exist_ok=True)
    if here.exists() and not here.is_file():
        raise ParameterError(f"{here} already exists and is not a file")
    write_whole(file, data)


def _is_harmless(name: str) -> bool:
    return (
        name not in ("", ".", "..")
        and name.isprintable()
        and len(name.encode("utf-8", "replace")) <= _LONGEST
        and name == name.strip()
        and not name.endswith(".")
        and not _REFUSED.search(name)
        and not _RESERVED.fullmatch(name)
        and not _GIT.fullmatch(name)
    )


def _twin(folder: Path, name: str) -> str | None:
    """A name in the folder that differs from this one only in case."""
    if not folder.is_dir():
        return None
    return next(
        (one.name for one in folder.iterdir() if one.name != name and one.name.casefold() == name.casefold()), None
    )
