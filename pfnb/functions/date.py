"""`@date`: dates and times. Patterns are Java's (`dd.MM.yyyy HH:mm`); without a zone, this machine's is meant."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import function
from pfnb.language.java.dates import USUAL_PATTERN, format_moment, parse_moment
from pfnb.language.java.locales import date_pattern
from pfnb.language.java.moments import from_millis, to_millis, to_moment
from pfnb.language.java.zones import local_zone, zone

_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)|(?:\d{1,2}[./-]){2}(\d{2})(?!\d)")


@function("date.now")
def now(*how: str) -> str:
    """The current time: `now()`, `now(pattern)`, or `now(zone, locale)`, as that locale (`en`, `de`, `fr`) writes it.

    Example:
        @text.length(@date.now('dd.MM.yyyy'))  # => 10
        @text.isEmpty(@date.now('Europe/Berlin', 'de'))  # => false
    """
    if len(how) > 2:
        raise ParameterError("expected at most a zone and a locale")
    if len(how) == 2:
        return format_moment(datetime.now(zone(how[0])), date_pattern(how[1]), how[1])
    return format_moment(datetime.now(local_zone()), how[0] if how else USUAL_PATTERN)


@function("date.nowIso8601")
def now_iso8601() -> str:
    """The current time in ISO 8601, with its offset.

    Example:
        @text.contains(@date.nowIso8601(), 'T')  # => true
    """
    return datetime.now(local_zone()).isoformat(timespec="seconds")


@function("date.timestamp")
def timestamp() -> int:
    """The current time in milliseconds since 1970.

    Example:
        @date.timestamp() > 1700000000000  # => true
    """
    return to_millis(datetime.now(UTC))


@function("date.format")
def format_date(date: Any, pattern: str, output_pattern: str | None = None) -> str:
    """A date in another format: `format(date, pattern)` reads ISO 8601 or milliseconds since 1970,
    `format(date, pattern, outputPattern)` reads by the first pattern.

    Example:
        @date.format('2030-01-10T20:00:00Z', 'dd.MM.yyyy')  # => "10.01.2030"
        @date.format('10.01.2030', 'dd.MM.yyyy', 'EEEE')  # => "Thursday"
    """
    if output_pattern is None:
        return format_moment(to_moment(date, local_zone()), pattern)
    return format_moment(parse_moment(str(date), pattern, local_zone()), output_pattern)


@function("date.guessAndFormat")
def guess_and_format(date: Any, pattern: str) -> str:
    """A date in any common format, in another one.

    Example:
        @date.guessAndFormat('31.12.2029', 'yyyy-MM-dd')  # => "2029-12-31"
    """
    return format_moment(to_moment(date, local_zone()), pattern)


@function("date.year")
def year(date: str | None) -> str | None:
    """The year in a date of any common format; null if there is none.

    Example:
        @date.year('31.02.12')  # => "2012"
    """
    found = _YEAR.search((date or "")[:1000])
    return None if found is None else found[1] or f"20{found[2]}"


@function("date.parseToInstant")
def parse_to_instant(date: Any) -> str:
    """The moment in ISO 8601, in UTC.

    Example:
        @date.parseToInstant('2030-01-10T20:00:00+02:00')  # => "2030-01-10T18:00:00Z"
    """
    return to_moment(date, local_zone()).astimezone(UTC).isoformat().replace("+00:00", "Z")


@function("date.isExpired")
def is_expired(start: Any, end: Any, part: float, current_date: Any = None) -> bool:
    """Whether that part (0.7 is 70 %) of the time from start to end has passed, now or at the given date.

    Example:
        @date.isExpired('2020-01-01T00:00:00Z', '2020-01-11T00:00:00Z', 0.7, '2020-01-09T00:00:00Z')  # => true
    """
    first, last = to_moment(start, local_zone()), to_moment(end, local_zone())
    if not 0 <= part <= 1000:
        raise ParameterError("the part must be a number such as 0.7, for 70 %")
    return _moment_or_now(current_date) - first >= (last - first) * part


@function("date.isOverdue")
def is_overdue(due_date: Any, current_date: Any = None) -> bool:
    """Whether the date has passed, now or at the given date.

    Example:
        @date.isOverdue('2020-01-01T00:00:00Z')  # => true
    """
    return _moment_or_now(current_date) > to_moment(due_date, local_zone())


@function("date.beginOfYear")
def begin_of_year(*when: int | None) -> int:
    """When a year begins, in milliseconds since 1970: `beginOfYear(offset)` counts years from now,
    `beginOfYear(timestamp, offset)` from a moment, or from now if that is null.

    Example:
        @date.format(@date.beginOfYear(1735819200000, 1), 'yyyy-MM-dd HH:mm')  # => "2026-01-01 00:00"
    """
    moment, offset = _start(when)
    return _begin(moment, moment.year + offset, 1)


@function("date.beginOfMonth")
def begin_of_month(*when: int | None) -> int:
    """When a month begins, as `beginOfYear`.

    Example:
        @date.format(@date.beginOfMonth(1735819200000, -1), 'yyyy-MM-dd')  # => "2024-12-01"
    """
    moment, offset = _start(when)
    months = moment.year * 12 + moment.month - 1 + offset
    return _begin(moment, months // 12, months % 12 + 1)


@function("date.beginOfWeek")
def begin_of_week(*when: int | None) -> int:
    """When a week begins, as `beginOfYear`: `beginOfWeek(startDay, offset)` or `beginOfWeek(timestamp, startDay, offset)`;
    the start day is from 1 (Monday) to 7; null means Monday.

    Example:
        @date.format(@date.beginOfWeek(1735819200000, 1, 0), 'yyyy-MM-dd')  # => "2024-12-30"
    """
    if not 2 <= len(when) <= 3:
        raise ParameterError("expected a start day and an offset, or a timestamp before them")
    *timestamp, day, weeks = when
    moment, offset = _start((*timestamp, weeks))
    start = day if day is not None and day > 0 else 1
    if start > 7:
        raise ParameterError("the start of the week must be from 1 (Monday) to 7")
    return _begin(moment, moment.year, moment.month, moment.day, days=offset * 7 - (moment.isoweekday() - start) % 7)


@function("date.beginOfDay")
def begin_of_day(*when: int | None) -> int:
    """When a day begins, as `beginOfYear`.

    Example:
        @date.format(@date.beginOfDay(1735819200000, 1), 'yyyy-MM-dd HH:mm')  # => "2025-01-03 00:00"
    """
    moment, offset = _start(when)
    return _begin(moment, moment.year, moment.month, moment.day, days=offset)


def _moment_or_now(date: Any) -> datetime:
    return datetime.now(UTC) if date is None else to_moment(date, local_zone())


def _start(when: tuple[int | None, ...]) -> tuple[datetime, int]:
    """The moment and the offset in (offset) or (timestamp, offset)."""
    if not 1 <= len(when) <= 2:
        raise ParameterError("expected an offset, or a timestamp and an offset")
    timestamp = when[0] if len(when) == 2 else None
    here = local_zone()
    return (datetime.now(here) if timestamp is None else from_millis(timestamp, here)), when[-1] or 0


def _begin(moment: datetime, year: int, month: int, day: int = 1, days: int = 0) -> int:
    try:
        return to_millis(datetime(year, month, day, tzinfo=moment.tzinfo) + timedelta(days=days))
    except (ValueError, OverflowError):
        raise ParameterError("the date is outside of the years 1 to 9999") from None
