"""Human-readable sizes, counts and times, the same in every time zone and language."""

from __future__ import annotations

import math
from typing import Any

from pfnb.language.utc import UNKNOWN, is_number, utc_time

__all__ = ["UNKNOWN", "human_count", "human_size", "utc_time"]
_UNITS = ("B", "kB", "MB", "GB")


def human_size(size: Any) -> str:
    """Bytes as `0 B`, `1.2 kB`, `4.2 MB` (powers of 1000)."""
    if not is_number(size) or size < 0:
        return UNKNOWN
    if size < 1000:
        return f"{int(size)} B"
    power = min(len(_UNITS) - 1, int(math.log10(size)) // 3)
    scaled = size / 1000**power
    return f"{scaled:.1f} {_UNITS[power]}" if scaled < 99.95 else f"{scaled:,.0f} {_UNITS[power]}"


def human_count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 event`, `1,234 events`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
