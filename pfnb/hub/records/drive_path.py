"""Paths in a drive: names with `/` between them, which never lead out of it."""

from __future__ import annotations

import re
from urllib.parse import quote

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

MAX_PATH = 1_000
MAX_NAME = 255
"""Limits: characters of a path, and bytes of a name."""
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")

Names = tuple[str, ...]


def names_in(path: str) -> Names:
    """The names of a path such as `folder/file.txt`; none for `/`, the drive itself. Raises ParameterError."""
    if len(path) > MAX_PATH:
        raise ParameterError(f"a path in the drive may have at most {MAX_PATH:,} characters, not {len(path):,}")
    inner = path.strip().strip("/")
    names = tuple(inner.split("/")) if inner else ()
    for name in names:
        if name.strip() in ("", ".", "..") or _REFUSED.search(name) or len(name.encode()) > MAX_NAME:
            raise ParameterError(
                f"{shown(path)} is not a path in the drive: use names such as folder/file.txt, without .., backslashes and "
                "control characters"
            )
    return names


def path_of(names: Names) -> str:
    return "/".join(names)


def folder_of(owner: str) -> str:
    """The name of an owner's folder: a plain name, whatever the owner is called."""
    quoted = quote(owner, safe="@")
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted
