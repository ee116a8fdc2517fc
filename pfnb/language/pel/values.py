"""The values of the language: their kinds, equality, and conversion to conditions and numbers.

Values are JSON's. Their rules are those of the Java types that Spring's expression language would see.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, TypeAlias, TypeGuard

from pfnb.exceptions import PelEvaluationError
from pfnb.language.budget import current
from pfnb.language.pel.limits import COMPARED_BESIDES, COMPARED_COST, SCANNED_PER_UNIT

_TRUE = frozenset({"true", "on", "yes", "1"})
_FALSE = frozenset({"false", "off", "no", "0"})
_DECIMAL = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")
_NUMBERS = (int, float)
_LISTS = (list, tuple)
_SURELY_NO_MAP = frozenset({bool, float, int, list, str, NoneType})


class Array(list[Any]):
    """A Java array, as `split` returns it: it has an index and a `length`, but no list methods."""


class Entry(dict[str, Any]):
    """An entry of a map within `?[…]`, `![…]` and `entrySet()`: `key` and `value`, printed as `key=value`."""

    def __init__(self, key: Any, value: Any) -> None:
        super().__init__(key=key, value=value)


def is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def is_list(value: Any) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return isinstance(value, _LISTS)


def is_map(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, dict) or (value.__class__ not in _SURELY_NO_MAP and isinstance(value, Mapping))


def kind(value: Any) -> str:
    """The word for a value's type in messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a text"
    if is_number(value):
        return "a whole number" if isinstance(value, int) else "a decimal number"
    if isinstance(value, Entry):
        return "an entry of a map"
    if is_map(value):
        return "a map"
    if isinstance(value, Array):
        return "an array"
    return "a list" if is_list(value) else f"a value of type {type(value).__name__}"


Spend: TypeAlias = Callable[[int], None]
"""Counts work before it is done: see Frame.spend."""


def equal(left: Any, right: Any, spend: Spend | None = None) -> bool:
    """`==`: numbers by value whatever their type, everything else as `same`."""
    if is_number(left) and is_number(right):
        return left == right
    return same(left, right, spend)


def same(left: Any, right: Any, spend: Spend | None = None) -> bool:
    """Java's `equals`, which lists and maps apply to their items: 1 is neither 1.0 nor true. Items of lists and maps and long
    texts are counted with `spend`, or else in the running step's budget."""
    if left is right:
        return True
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, float):
        return isinstance(right, float) and (left == right or (math.isnan(left) and math.isnan(right)))
    if isinstance(left, int):
        return isinstance(right, int) and left == right
    if isinstance(left, str):
        if spend is not None and isinstance(right, str) and len(left) == len(right):
            spend(len(left) // SCANNED_PER_UNIT)
        return isinstance(right, str) and left == right
    spend = spend or current().spend
    if is_map(left):
        if not is_map(right) or len(left) != len(right):
            return False
        spend((len(left) + COMPARED_BESIDES) * COMPARED_COST)
        return all(key in right and same(value, right[key], spend) for key, value in left.items())
    if is_list(left):
        if not is_list(right) or len(left) != len(right) or isinstance(left, Array) is not isinstance(right, Array):
            return False
        spend((len(left) + COMPARED_BESIDES) * COMPARED_COST)
        return all(same(one, other, spend) for one, other in zip(left, right, strict=True))
    return bool(left == right)


def compare(left: Any, right: Any) -> int:
    """Below zero, zero or above, as `left` is before, equal to or after `right`; null is before everything."""
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if (is_number(left) and is_number(right)) or any(isinstance(left, t) and isinstance(right, t) for t in (str, bool)):
        return int(left > right) - int(left < right)
    raise PelEvaluationError(f"{kind(left)} cannot be compared with {kind(right)}")


def to_boolean(value: Any) -> bool:
    """The value as a condition.

    Only booleans and the words true, yes, on, 1 and false, no, off, 0 are conditions; empty values and zero are not.
    """
    if value is True or value is False:
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise PelEvaluationError("this text is neither true nor false: compare it with something")
    raise PelEvaluationError(f"{kind(value)} is neither true nor false: compare it with something")


def to_integer(value: Any) -> int:
    """The value as a whole number: decimals lose their fraction, texts are parsed."""
    if is_number(value):
        if isinstance(value, int):
            return value
        if math.isfinite(value):
            return int(value)
        raise PelEvaluationError("Infinity and NaN are not whole numbers")
    if isinstance(value, str):
        digits = "".join(value.split())
        unsigned = digits.lstrip("+-")
        if len(digits) - len(unsigned) <= 1 and unsigned.isascii() and unsigned.isdigit() and len(digits) <= 1000:
            return int(digits)
        if len(digits) - len(unsigned) <= 1 and unsigned[:2].lower() == "0x" and _is_hexadecimal(unsigned[2:]):
            return int(digits, 16)
        raise PelEvaluationError("this text is not a whole number")
    raise PelEvaluationError(f"{kind(value)} is not a whole number")


def to_position(value: Any) -> int:
    """The value as an index or a count: a whole number within Java's `int`."""
    number = to_integer(value)
    if -(1 << 31) <= number < 1 << 31:
        return number
    raise PelEvaluationError("this number is too large for an index or a count")


def _is_hexadecimal(digits: str) -> bool:
    return 0 < len(digits) <= 1000 and not digits.lower().strip("0123456789abcdef")


def to_decimal(value: Any) -> float:
    """The value as a decimal number; a whole number too large for one becomes Infinity."""
    if is_number(value):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    raise PelEvaluationError(f"{'this text' if isinstance(value, str) else kind(value)} is not a number")
