"""Dates and times in Java's patterns, such as `dd.MM.yyyy HH:mm`: for the `datetime` command and `@date`.

A moment is always an aware datetime.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType

from pfnb.exceptions import ParameterError
from pfnb.language.java.locales import DAYS, MONTHS, SHORT_DAYS, SHORT_MONTHS, language
from pfnb.language.java.zones import offset_text, zone

USUAL_PATTERN = "dd.MM.yyyy HH:mm:ss"
"""The default pattern."""
MAX_PATTERN = 200
"""Maximum characters of a pattern, and of a text that is parsed by one."""

_TOKEN = re.compile(r"(?P<quoted>'(?:[^']|'')*')|(?P<letters>([A-Za-z])\3*)|(?P<other>.)", re.DOTALL)
Piece = tuple[str, int]
"""A pattern letter and how often it is repeated, or a literal text and 0."""


def format_moment(moment: datetime, pattern: str, locale: str | None = None) -> str:
    """Format a moment, in its own zone, by the pattern. Raises ParameterError for letters that Java does not know."""
    tongue = language(locale)
    return "".join(
        text if not count else _formatted(text, count, moment, tongue)
        for text, count in _pieces(pattern)
        if count or text not in "[]"
    )


@lru_cache(maxsize=256)
def _pieces(pattern: str) -> tuple[Piece, ...]:
    if len(pattern) > MAX_PATTERN:
        raise ParameterError(f"a date pattern may have at most {MAX_PATTERN} characters")
    pieces = tuple(_split(pattern))
    has_weeks = any(count and letter in "wW" for letter, count in pieces)
    # Without a week, YYYY is a common mistake for yyyy, and differs only on a few days of most years.
    return tuple((letter if has_weeks or letter != "Y" or not count else "y", count) for letter, count in pieces)


def _split(pattern: str) -> Iterator[Piece]:
    for found in _TOKEN.finditer(pattern):
        letters = found["letters"]
        if letters is None:
            yield (found["other"] or found["quoted"][1:-1].replace("''", "'") or "'", 0)
            if found["other"] == "'":
                raise ParameterError(f"the date pattern has an unclosed quote: {pattern}")
        elif letters[0] in _LETTERS:
            yield (letters[0], len(letters))
        else:
            known = " ".join(sorted(_LETTERS))
            raise ParameterError(
                f"'{letters[0]}' is not a letter of date patterns: use {known}, and put text between quotes"
            )


def _formatted(letter: str, count: int, moment: datetime, tongue: str) -> str:
    value = _LETTERS[letter](moment)
    if letter in "MLEecQq" and count > 2:
        return _name(letter, count, value, tongue)
    if letter in "yuY" and count == 2:
        return f"{value % 100:02d}"
    if letter == "S":
        return f"{moment.microsecond:06d}000"[:count].ljust(count, "0")
    if letter == "a":
        return "PM" if moment.hour > 11 else "AM"
    if letter == "G":
        return {"en": "AD", "de": "n. Chr.", "fr": "ap. J.-C."}[tongue]
    if letter in "VzOXxZ":
        return _zone_text(letter, count, moment)
    return f"{value:0{count}d}"


def _name(letter: str, count: int, value: int, tongue: str) -> str:
    if letter in "Qq":
        return f"Q{value}"
    short, long = (SHORT_MONTHS, MONTHS) if letter in "ML" else (SHORT_DAYS, DAYS)
    name = (long if count == 4 else short)[tongue][value - 1]
    return long[tongue][value - 1][0].upper() if count == 5 else name


def _zone_text(letter: str, count: int, moment: datetime) -> str:
    offset = moment.utcoffset() or timedelta()
    if letter == "V":
        return getattr(moment.tzinfo, "key", None) or (offset_text(offset, colon=True) if offset else "Z")
    if letter == "z":
        return moment.tzname() or ""
    if letter == "O":
        return f"GMT{offset_text(offset, colon=True)}" if offset else "GMT"
    if not offset and (letter == "X" or (letter == "Z" and count == 5)):
        return "Z"
    text = offset_text(offset, colon=count > (3 if letter == "Z" else 2))
    if letter in "Xx" and count == 1 and text.endswith("00"):
        return text[:3]
    return f"GMT{text}" if letter == "Z" and count == 4 else text


def _week_of_month(moment: datetime) -> int:
    return (moment.day + 6 + moment.replace(day=1).weekday()) // 7


_LETTERS: Mapping[str, Callable[[datetime], int]] = MappingProxyType(
    {
        "G": lambda _moment: 1,
        "y": lambda moment: moment.year,
        "u": lambda moment: moment.year,
        "Y": lambda moment: moment.isocalendar().year,
        "M": lambda moment: moment.month,
        "L": lambda moment: moment.month,
        "d": lambda moment: moment.day,
        "D": lambda moment: moment.timetuple().tm_yday,
        "Q": lambda moment: (moment.month + 2) // 3,
        "q": lambda moment: (moment.month + 2) // 3,
        "w": lambda moment: moment.isocalendar().week,
        "W": _week_of_month,
        "E": lambda moment: moment.isoweekday(),
        "e": lambda moment: moment.isoweekday(),
        "c": lambda moment: moment.isoweekday(),
        "a": lambda moment: moment.hour // 12,
        "h": lambda moment: (moment.hour + 11) % 12 + 1,
        "K": lambda moment: moment.hour % 12,
        "k": lambda moment: (moment.hour + 23) % 24 + 1,
        "H": lambda moment: moment.hour,
        "m": lambda moment: moment.minute,
        "s": lambda moment: moment.second,
        "S": lambda moment: moment.microsecond,
        "n": lambda moment: moment.microsecond * 1000,
        "A": lambda moment: (
            ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1000 + moment.microsecond // 1000
        ),
        **dict.fromkeys("VzOXxZ", lambda _moment: 0),
    }
)


def parse_moment(text: str, pattern: str, default: tzinfo = UTC, locale: str | None = None) -> datetime:
    """Parse a text by the pattern; `default` is the zone of texts that name none. A field that the pattern lacks gets its first
    value. Raises ParameterError."""
    tongue = language(locale)
    found = None if len(text) > MAX_PATTERN else _reader(pattern, tongue).fullmatch(text.strip())
    if found is None:
        raise ParameterError(f'"{text[:MAX_PATTERN]}" does not match the date pattern {pattern}')
    fields = {name[1:]: value for name, value in found.groupdict().items() if value is not None}
    try:
        return _moment(fields, tongue, default)
    except (ValueError, OverflowError) as error:
        raise ParameterError(f'"{text}" is not a valid date: {error}') from None


@lru_cache(maxsize=256)
def _reader(pattern: str, tongue: str) -> re.Pattern[str]:
    parts: list[str] = []
    seen: set[str] = set()
    depth = 0
    for text, count in _pieces(pattern):
        if not count and text in "[]":
            depth += 1 if text == "[" else -1
            parts.append("(?:" if text == "[" else ")?")
            if depth < 0:
                break
        elif not count:
            parts.append(re.escape(text))
        elif text in seen:
            raise ParameterError(
                f"the date pattern {pattern} has '{text}' twice: such a pattern can format, but not parse"
            )
        else:
            seen.add(text)
            parts.append(f"(?P<_{text}>{_readable(text, count, tongue)})")
    if depth:
        raise ParameterError(f"the date pattern {pattern} has an unmatched bracket")
    return re.compile("".join(parts), re.IGNORECASE)


def _readable(letter: str, count: int, tongue: str) -> str:
    if letter in "MLEec" and count > 2:
        names = (SHORT_MONTHS, MONTHS) if letter in "ML" else (SHORT_DAYS, DAYS)
        choices = {name.rstrip(".") for table in names for name in table[tongue]}
        return f"(?:{'|'.join(sorted(choices, key=len, reverse=True))})\\.?"
    if letter == "a":
        return "AM|PM"
    if letter == "G":
        return r"AD|n\. Chr\.|ap\. J\.-C\."
    if letter in "VzOXxZ":
        return r"[A-Za-z][A-Za-z0-9_+/:-]*|[+-][0-9]{2}(?::?[0-9]{2})?"
    if letter in "yuY":
        return "[0-9]{2}" if count == 2 else "[0-9]{4}"
    if letter in "WwqQn":
        raise ParameterError(f"'{letter}' in a date pattern can be formatted, but not parsed")
    return f"[0-9]{{{count}}}" if count > 1 or letter == "S" else "[0-9]{1,9}"


def _moment(fields: Mapping[str, str], tongue: str, default: tzinfo) -> datetime:
    def number(letters: str, otherwise: int) -> int:
        return next((int(fields[letter]) for letter in letters if letter in fields), otherwise)

    year = number("yuY", datetime.now(default).year)
    year += 2000 if any(len(fields.get(letter, "")) == 2 for letter in "yuY") else 0
    names = [name.rstrip(".").lower() for table in (SHORT_MONTHS, MONTHS) for name in table[tongue]]
    month = next((fields[letter] for letter in "ML" if letter in fields), "1").rstrip(".").lower()
    hour = number("Hk", number("hK", 0) % 12 + (12 if fields.get("a", "").upper() == "PM" else 0))
    zone_name = next((fields[letter] for letter in "VzOXxZ" if letter in fields), None)
    moment = datetime(
        year,
        int(month) if month.isdigit() else names.index(month) % 12 + 1,
        number("d", 1),
        0 if hour == 24 else hour,
        number("m", 0),
        number("s", 0),
        int(fields.get("S", "0")[:6].ljust(6, "0")),
        tzinfo=default if zone_name is None else zone(zone_name),
    )
    return moment + timedelta(days=number("D", 1) - 1, milliseconds=number("A", 0))
