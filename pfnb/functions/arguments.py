"""Conversions of functions' arguments: values to text, and to lists of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.budget import current
from pfnb.language.pel import to_text
from pfnb.language.pel.limits import MAX_ITEMS, MAX_TEXT

_PIECE = 65_536


def plain_text(value: Any) -> str:
    """The value as Java prints it; null is an empty text."""
    return "" if value is None else value if isinstance(value, str) else to_text(value)


def listed(value: Any) -> list[Any]:
    """The value as a list: null is an empty one, and any other value a list of one item."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def items_of(value: Any) -> list[Any]:
    """The value as a list, where a text with commas between its items is one, too: null and an empty text have none."""
    if isinstance(value, str):
        check_count(value.count(","))
        return [item.strip() for item in value.split(",")] if value.strip() else []
    return listed(value)


def flat(values: tuple[Any, ...]) -> Iterator[Any]:
    """The values of a call that takes several, lists flattened."""
    for value in values:
        yield from listed(value) if value is not None else [None]


def fitting(text: str) -> str:
    """The text, unless it exceeds the limit for expressions. Raises ParameterError."""
    check_length(len(text))
    return text


def in_pieces(text: str) -> Iterator[str]:
    """The text in pieces, for work in C code on each character, so that other threads can run in between."""
    left = current()
    for at in range(0, len(text), _PIECE):
        left.check()
        yield text[at : at + _PIECE]


def check_length(length: int) -> None:
    """Raise ParameterError if a text of that length is too long."""
    if length > MAX_TEXT:
        raise ParameterError(f"the text becomes longer than {MAX_TEXT:,} characters")


def check_count(count: int) -> None:
    """Raise ParameterError if a list of that many items is too long."""
    if count > MAX_ITEMS:
        raise ParameterError(f"the list becomes longer than {MAX_ITEMS:,} items")
