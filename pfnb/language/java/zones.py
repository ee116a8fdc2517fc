"""Time zones by the names that Java accepts: `Europe/Berlin`, `UTC+2`, `+02:00`, `Z`; and the zone of this machine."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pfnb.exceptions import ParameterError

_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?", re.IGNORECASE)


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The zone of that name. Raises ParameterError."""
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        if minutes <= 18 * 60:
            return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    elif name.upper() in ("Z", "UTC", "GMT", "UT"):
        return UTC
    else:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise ParameterError(f'unknown time zone "{name[:60]}": write Europe/Berlin, UTC or +02:00')


def zone_names() -> list[str]:
    """The names of all regions, sorted."""
    return sorted(available_timezones())


def local_zone() -> tzinfo:
    """The zone of this machine: by name if known, so that summer time is right, else its current offset."""
    name = os.environ.get("TZ", "").lstrip(":") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    try:
        return zone(name)
    except ParameterError:
        return datetime.now().astimezone().tzinfo or UTC


def offset_text(offset: timedelta, *, colon: bool) -> str:
    """`+02:00` or `+0200`."""
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}{':' if colon else ''}{minutes % 60:02d}"
