"""Times as people read them, the same in every time zone and language."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

UNKNOWN = "–"


def utc_time(milliseconds: Any, *, exact: bool = False) -> str:
    """Milliseconds since 1970 as `2023-04-24 15:22:10`; `exact` gives ISO 8601 with milliseconds and the zone."""
    if not is_number(milliseconds):
        return UNKNOWN
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return UNKNOWN
    if exact:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def is_number(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
