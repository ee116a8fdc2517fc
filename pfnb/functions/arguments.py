"""What functions make of their arguments: how a value reads as a text, and what counts as a list of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.pel import to_text
from pfnb.language.pel.limits import MAX_ITEMS, MAX_TEXT


def plain_text(value: Any) -> str:
    """The value as Java prints it; null is no text at all."""
    return "" if value is None else value if isinstance(value, str) else to_text(value)


def listed(value: Any) -> list[Any]:
    """The value as a list: null is an empty one, and what is not a list is the only item of one."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def flat(values: tuple[Any, ...]) -> Iterator[Any]:
    """The values of a call that takes several, or a list of them."""
    for value in values:
        yield from listed(value) if value is not None else [None]


def fitting(text: str) -> str:
    """The text, unless it is longer than an expression may make one. Raises ParameterError."""
    check_length(len(text))
    return text


def check_length(length: int) -> None:
    """Raises ParameterError before a text of that length is made."""
    if length > MAX_TEXT:
        raise ParameterError(f"the text becomes longer than {MAX_TEXT:,} characters")


def check_count(count: int) -> None:
    """Raises ParameterError before a list of so many items is made."""
    if count > MAX_ITEMS:
        raise ParameterError(f"the list becomes longer than {MAX_ITEMS:,} items")
