"""Durations as people write them: `30s`, `1.5h`, `250ms`, or a number of seconds."""

from __future__ import annotations

import re

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LONG = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hour": "h", "day": "d"}
_UNIT = r"ms|s|m|h|d|sec|second|min|minute|hour|day|seconds|minutes|hours|days"
PATTERN = rf"^ *[0-9]{{1,9}}(\.[0-9]{{1,3}})? ?({_UNIT})? *$"
"""Pattern of a duration as a text, for schemas."""
_DURATION = re.compile(rf"([0-9]{{1,9}}(?:\.[0-9]{{1,3}})?) ?({_UNIT})?", re.ASCII | re.IGNORECASE)


def duration_of(given: object, name: str, *, most: float, least: float = 0.001) -> float:
    """Parse a duration to seconds. Raises ParameterError, which names the setting, if it is none or out of bounds."""
    seconds = -1.0
    if isinstance(given, int | float) and not isinstance(given, bool):
        seconds = float(given)
    elif isinstance(given, str) and (found := _DURATION.fullmatch(given.strip())):
        seconds = float(found[1]) * unit_of(found[2] or "s")
    if not least <= seconds <= most:
        raise ParameterError(
            f"{name} must be a time from {duration_text(least)} to {duration_text(most)}, such as 30s, 5m or a number of "
            f"seconds, not {shown(given)}"
        )
    return seconds


def unit_of(word: str) -> float:
    """The seconds in a unit, such as `m` or `minutes`."""
    word = word.lower()
    return UNITS[_LONG.get(word.removesuffix("s"), word)]


def duration_text(seconds: float) -> str:
    """As `duration_of` reads it: `5m`, `90s`."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:g}{unit}"
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"
