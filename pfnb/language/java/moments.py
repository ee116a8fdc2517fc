"""Values as moments: texts in ISO 8601 or in a common format, or milliseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.java.dates import MAX_PATTERN, parse_moment

_MILLIS = re.compile(r"-?[0-9]{9,15}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("dd.MM.yyyy", "dd.MM.yy", "d.M.yyyy", "yyyy/MM/dd", "MM/dd/yyyy", "dd/MM/yyyy", "dd-MM-yyyy", "dd-MM-yy")
_TIMES = ("", " HH:mm", " HH:mm:ss", ", HH:mm", ", HH:mm:ss")
_NAMED_DAYS = ("d. MMMM yyyy", "MMMM d, yyyy", "d MMMM yyyy", "dd-MMM-yyyy")
_USUAL = (*(day + time for day in _DAYS for time in _TIMES), *_NAMED_DAYS)


def to_moment(value: Any, default: tzinfo = UTC) -> datetime:
    """The moment; `default` is the zone of texts that name none, and of numbers. Raises ParameterError."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=default)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return from_millis(value, default)
    if not isinstance(value, str):
        raise ParameterError("a date must be a text, or milliseconds since 1970")
    text = value.strip()
    if _MILLIS.fullmatch(text):
        return from_millis(int(text), default)
    moment = (_iso(text) or _usual(text, default)) if len(text) <= MAX_PATTERN else None
    if moment is None:
        raise ParameterError(f'"{text[:MAX_PATTERN]}" is not a date: write 2030-01-31T20:00:00Z, or give its pattern')
    return moment if moment.tzinfo else moment.replace(tzinfo=default)


def from_millis(millis: float, default: tzinfo = UTC) -> datetime:
    try:
        return (_EPOCH + timedelta(milliseconds=millis)).astimezone(default)
    except (OverflowError, ValueError):
        raise ParameterError(f"{str(millis)[:40]} milliseconds since 1970 are outside of the years 1 to 9999") from None


def to_millis(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _usual(text: str, default: tzinfo) -> datetime | None:
    for pattern in _USUAL:
        for locale in ("en", "de") if "MMM" in pattern else ("en",):
            try:
                return parse_moment(text, pattern, default, locale)
            except ParameterError:
                continue
    try:
        return parsedate_to_datetime(text)
    except (OverflowError, ValueError):
        return None
