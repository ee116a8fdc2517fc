"""`@calc`: sums, averages and rounding, exact in decimal digits."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import function
from pfnb.functions.arguments import items_of
from pfnb.language.budget import current
from pfnb.language.java.numbers import PRECISE, rounded, to_number

_MODES = ("UP", "DOWN", "CEILING", "FLOOR", "HALF_UP", "HALF_DOWN", "HALF_EVEN", "UNNECESSARY")


@function("calc.sum")
def total(values: Any) -> int | float:
    """The sum of a list, or of a text with commas; texts that spell numbers count, anything else is ignored.

    Example:
        @calc.sum({1, '2.1', 0.2, null, 'x'})  # => 3.3
        @calc.sum('10, 10, 10, 10')  # => 40
    """
    return _plain(_sum(_numbers(values)))


@function("calc.avg")
def avg(values: Any) -> float:
    """The average of the numbers of a list, or of a text with commas, rounded to two digits after the point; 0 if there are none.

    Example:
        @calc.avg({1, 2, 2})  # => 1.67
        @calc.avg('35, 89, 12')  # => 45.33
    """
    numbers = _numbers(values)
    if not numbers:
        return 0.0
    return float(rounded(PRECISE.divide(_sum(numbers), Decimal(len(numbers))), 2, ROUND_HALF_UP))


@function("calc.round")
def round_number(value: Any, scale: int = 0, mode: str = "HALF_UP") -> int | float | None:
    """The number rounded to `scale` digits after the point; a negative scale rounds before the point.

    The modes are Java's: UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN, UNNECESSARY.

    Example:
        @calc.round(2.345, 2, 'HALF_UP')  # => 2.35
        @calc.round(1234, -2, 'CEILING')  # => 1300
    """
    name = mode.strip().upper()
    if name not in _MODES:
        raise ParameterError(f'unknown rounding mode "{mode[:40]}": use one of {", ".join(_MODES)}')
    if value is None:
        return None
    number = to_number(value)
    result = rounded(number, scale, f"ROUND_{name}" if name != "UNNECESSARY" else "ROUND_DOWN")
    if name == "UNNECESSARY" and result != number:
        raise ParameterError(f"this number has more than {scale} digits after the point")
    return _plain(result)


@function("calc.roundUp")
def round_up(value: Any, scale: int = 0) -> int | float | None:
    """The number rounded away from zero.

    Example:
        @calc.roundUp(2.341, 2)  # => 2.35
    """
    return round_number(value, scale, "UP")


@function("calc.roundDown")
def round_down(value: Any, scale: int = 0) -> int | float | None:
    """The number rounded towards zero.

    Example:
        @calc.roundDown(-2.349, 2)  # => -2.34
    """
    return round_number(value, scale, "DOWN")


def _numbers(values: Any) -> list[Decimal]:
    numbers, left = [], current()
    for value in items_of(values):
        left.spend()
        try:
            numbers.append(to_number(value))
        except ParameterError:
            continue
    return numbers


def _sum(numbers: list[Decimal]) -> Decimal:
    result = Decimal(0)
    for number in numbers:
        result = PRECISE.add(result, number)
    return result


def _plain(number: Decimal) -> int | float:
    """A whole number if it is written as one, else a decimal."""
    exponent = number.as_tuple().exponent
    return int(number) if isinstance(exponent, int) and exponent >= 0 else float(number)
