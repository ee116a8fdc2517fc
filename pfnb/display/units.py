"""Human-readable sizes, counts and times, the same in every time zone and language."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

UNKNOWN = "–"
_UNITS = ("B", "kB", "MB", "GB")


def human_size(size: Any) -> str:
    """Bytes as `0 B`, `1.2 kB`, `4.2 MB` (powers of 1000)."""
    if not _is_number(size) or size < 0:
        return UNKNOWN
    if size < 1000:
        return f"{int(size)} B"
    power = min(len(_UNITS) - 1, int(math.log10(size)) // 3)
    scaled = size / 1000**power
    return f"{scaled:.1f} {_UNITS[power]}" if scaled < 99.95 else f"{scaled:,.0f} {_UNITS[power]}"


def human_count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 event`, `1,234 events`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def utc_time(milliseconds: Any, *, exact: bool = False) -> str:
    """Milliseconds since 1970 as `2023-04-24 15:22:10`; `exact` gives ISO 8601 with milliseconds and the zone."""
    if not _is_number(milliseconds):
        return UNKNOWN
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return UNKNOWN
    if exact:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
