"""Sizes as people write them: `25MB`, `512kB`, or a number of bytes. Each unit is 1,024 of the one before."""

from __future__ import annotations

import re

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

_POWERS = {"": 0, "b": 0, "kb": 1, "kib": 1, "mb": 2, "mib": 2, "gb": 3, "gib": 3}
_SIZE = re.compile(r"([0-9]{1,15})(\.[0-9]{1,3})? ?([kKmMgG]i?[bB]|[bB])?", re.ASCII)
PATTERN = r"^ *[0-9]{1,15}(\.[0-9]{1,3})? ?([kKmMgG]i?[bB]|[bB])? *$"
"""Pattern of a size as a text, for schemas."""
LARGEST = 1024**4


def size_of(given: object, name: str) -> int:
    """Parse a size to bytes. Raises ParameterError, which names the setting, for anything that is not a size."""
    if isinstance(given, bool):
        raise _wrong(given, name)
    found = _SIZE.fullmatch(str(given).strip()) if isinstance(given, int | str) else None
    if found is None:
        raise _wrong(given, name)
    size = int(float(found[1] + (found[2] or "")) * 1024 ** _POWERS[(found[3] or "").lower()])
    if not 0 < size <= LARGEST:
        raise _wrong(given, name)
    return size


def _wrong(given: object, name: str) -> ParameterError:
    return ParameterError(
        f"{name} must be a size from 1 byte to {size_text(LARGEST)}, such as 25MB, 512kB or 26214400 (bytes; 1kB is 1,024), "
        f"not {shown(given)}"
    )


def size_text(size: int) -> str:
    """As `size_of` reads it, where the size is a whole number of some unit: `25MB`; else `1,000,000 bytes`."""
    for unit, power in (("GB", 3), ("MB", 2), ("kB", 1)):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{unit}"
    return f"{size:,} byte{'s' * (size != 1)}"


def size_in_full(size: int) -> str:
    """The same with the exact number behind it, for messages: `25MB (26,214,400 bytes)`."""
    text = size_text(size)
    return text if " " in text else f"{text} ({size:,} bytes)"
