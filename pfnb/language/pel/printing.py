"""Values as text: as Java prints them, and as Spring joins them with text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from pfnb.exceptions import ParameterError, PelEvaluationError
from pfnb.language.extent import MAX_WRITTEN, too_much, written
from pfnb.language.pel.limits import MAX_TEXT
from pfnb.language.pel.values import Entry, is_list, is_map


def to_text(value: Any) -> str:
    """The value as Java's `String.valueOf` prints it: `null`, `1.0E7`, `[1, 2]`, `{a=1}`."""
    if isinstance(value, str):
        return value
    if not is_map(value) and not is_list(value):
        return _scalar(value)
    check_extent(value, itself=True)
    return _bounded(_printed(value))


def to_joined_text(value: Any) -> str:
    """The value as joined with a text: a list becomes `1,2`, and a map within a list is an error."""
    if isinstance(value, str):
        return value
    if is_list(value):
        check_extent(value)
        return _bounded(_joined(value))
    return to_text(value)


def check_extent(value: Any, *, itself: bool = False) -> None:
    """Raise PelEvaluationError for a value that would be too long as text, or contains itself; with `itself`, its direct items
    may be the value itself."""
    try:
        length = written(value, itself=itself)
    except ParameterError as error:
        raise PelEvaluationError(error.message) from None
    if length > MAX_WRITTEN:
        raise PelEvaluationError(too_much(MAX_WRITTEN))


def to_template_text(value: Any) -> str:
    """The value within a template's text: null is empty, and a map is an error."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if is_map(value):
        raise _not_a_text()
    return to_joined_text(value)


def _bounded(pieces: Iterable[str]) -> str:
    length = 0
    taken = []
    for piece in pieces:
        length += len(piece)
        if length > MAX_TEXT:
            raise too_long()
        taken.append(piece)
    return "".join(taken)


def too_long() -> PelEvaluationError:
    return PelEvaluationError(f"the text becomes longer than {MAX_TEXT:,} characters")


def _not_a_text() -> PelEvaluationError:
    return PelEvaluationError("a map cannot be put into a text: name one of its keys, or use toString()")


def _printed(value: Any) -> Iterator[str]:
    if isinstance(value, Entry):
        yield from _printed(value["key"])
        yield "="
        yield from _printed(value["value"])
    elif is_map(value):
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield ", " if number else ""
            yield from _printed(key)
            yield "="
            yield from ["(this Map)"] if item is value else _printed(item)
        yield "}"
    elif is_list(value):
        yield "["
        for number, item in enumerate(value):
            yield ", " if number else ""
            yield from ["(this Collection)"] if item is value else _printed(item)
        yield "]"
    else:
        yield _scalar(value)


def _joined(value: Any) -> Iterator[str]:
    if is_map(value):
        raise _not_a_text()
    if not is_list(value):
        yield _scalar(value)
        return
    for number, item in enumerate(value):
        yield "," if number else ""
        yield from _joined(item)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _decimal(value)
    try:
        return str(value)
    except ValueError as error:  # CPython refuses whole numbers of more than 4,300 digits
        raise PelEvaluationError("this number has too many digits to be printed") from error


def _decimal(value: float) -> str:
    """`Double.toString`: plain from 0.001 up to ten million, with an exponent elsewhere."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return float.__repr__(value)
    number = Decimal(float.__repr__(value))
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    return f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{number.adjusted()}"
