"""`@path`: parts of paths. A path is a text here, and is never opened."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from pfnb.functions import function
from pfnb.functions.arguments import fitting, flat, plain_text

_ID = re.compile(r"_ID-[^_./]*$")


@function("path.join")
def join(*path_items: Any) -> str:
    """The items, or those of a list, as one path, with one slash between them.

    Example:
        @path.join('/folder/', 'sub', '/a.txt')  # => "/folder/sub/a.txt"
    """
    items = [plain_text(item) for item in flat(path_items)]
    return fitting(re.sub("/{2,}", "/", "/".join(item for item in items if item)))


@function("path.extension")
def extension(path: str | None) -> str:
    """What follows the last dot of the file's name.

    Example:
        @path.extension('/folder/a.txt')  # => "txt"
    """
    return PurePosixPath(path or "").suffix.removeprefix(".")


@function("path.basename")
def basename(path: str | None) -> str:
    """The file's name without its extension and without an appended id.

    Example:
        @path.basename('/folder/invoice_ID-3fgh343.pdf')  # => "invoice"
    """
    return _ID.sub("", PurePosixPath(path or "").stem)
