"""The arithmetic operators, with Java's division and Spring's meaning of `+`, `-` and `*` for texts.

Whole numbers do not wrap at 32 or 64 bits; they end at MAX_INTEGER_BITS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.limits import MAX_INTEGER_BITS, MAX_TEXT
from pfnb.language.pel.printing import to_joined_text, too_long
from pfnb.language.pel.values import is_number, kind, to_decimal

_LARGEST = (1 << MAX_INTEGER_BITS) - 1
_SMALLEST = -_LARGEST


def add(left: Any, right: Any) -> Any:
    if left.__class__ is int and right.__class__ is int and _SMALLEST <= (total := left + right) <= _LARGEST:
        return total
    if is_number(left) and is_number(right):
        return _checked(left + right) if _are_whole(left, right) else to_decimal(left) + to_decimal(right)
    if isinstance(left, str) or isinstance(right, str):
        first, second = to_joined_text(left), to_joined_text(right)
        if len(first) + len(second) > MAX_TEXT:
            raise too_long()
        return first + second
    raise _unfit("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        return _checked(left - right) if _are_whole(left, right) else to_decimal(left) - to_decimal(right)
    if isinstance(left, str) and len(left) == 1 and is_number(right) and isinstance(right, int):
        return _shifted(left, -right)
    raise _unfit("-", left, right)


def multiply(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        if not _are_whole(left, right):
            return to_decimal(left) * to_decimal(right)
        if int(left).bit_length() + int(right).bit_length() > MAX_INTEGER_BITS + 1:
            raise _too_large()
        return _checked(left * right)
    if isinstance(left, str) and is_number(right) and isinstance(right, int):
        return repeated(left, right)
    raise _unfit("*", left, right)


def divide(left: Any, right: Any) -> Any:
    if not (is_number(left) and is_number(right)):
        raise _unfit("/", left, right)
    if _are_whole(left, right):
        if right == 0:
            raise PelEvaluationError("a whole number cannot be divided by zero")
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) is (right < 0) else -quotient
    dividend, divisor = to_decimal(left), to_decimal(right)
    if divisor:
        return dividend / divisor
    if dividend == 0 or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1, divisor)


def remainder(left: Any, right: Any) -> Any:
    """`%`: the result has the sign of the dividend."""
    if not (is_number(left) and is_number(right)):
        raise _unfit("%", left, right)
    if _are_whole(left, right):
        if right == 0:
            raise PelEvaluationError("a whole number cannot be divided by zero")
        return abs(left) % abs(right) * (-1 if left < 0 else 1)
    dividend, divisor = to_decimal(left), to_decimal(right)
    if divisor == 0 or math.isinf(dividend):
        return math.nan
    return math.fmod(dividend, divisor)


def power(left: Any, right: Any) -> Any:
    if not (is_number(left) and is_number(right)):
        raise _unfit("^", left, right)
    if not _are_whole(left, right):
        return _decimal_power(to_decimal(left), to_decimal(right))
    if right >= 0:
        if abs(left) > 1 and int(left).bit_length() * right > MAX_INTEGER_BITS * 2:
            raise _too_large()
        return _checked(left**right)
    if left == 0:
        raise PelEvaluationError("zero cannot be raised to a negative power")
    return int(left**right) if abs(left) == 1 else 0


def negate(operand: Any) -> Any:
    if not is_number(operand):
        raise PelEvaluationError(f"'-' needs a number after it, not {kind(operand)}")
    return 0 - operand


def positive(operand: Any) -> Any:
    if not is_number(operand):
        raise PelEvaluationError(f"'+' needs a number after it, not {kind(operand)}")
    return operand


def repeated(text: str, times: int) -> str:
    if times <= 0 or not text:
        return ""
    if len(text) * times > MAX_TEXT:
        raise too_long()
    return text * times


def _are_whole(left: Any, right: Any) -> bool:
    return isinstance(left, int) and isinstance(right, int)


def _checked(result: Any) -> Any:
    if _SMALLEST <= result <= _LARGEST:
        return result
    raise _too_large()


def _decimal_power(base: float, exponent: float) -> float:
    """`Math.pow`, which answers NaN and Infinity where Python raises."""
    if abs(base) == 1 and (math.isinf(exponent) or math.isnan(exponent)):
        return math.nan
    if math.isnan(exponent):
        return math.nan
    odd = math.isfinite(exponent) and exponent % 2 == 1
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        if base != 0:
            return math.nan
        return math.copysign(math.inf, base) if odd else math.inf


def _shifted(character: str, distance: int) -> str:
    """Character arithmetic: `'d' - 1` is `'c'`."""
    code = ord(character) + distance
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise PelEvaluationError("the result is not a character")
    return chr(code)


def _too_large() -> PelEvaluationError:
    return PelEvaluationError(
        f"the whole number becomes larger than {MAX_INTEGER_BITS} bits: use a decimal, such as 2.0"
    )


def _unfit(operator: str, left: Any, right: Any) -> PelEvaluationError:
    return PelEvaluationError(f"'{operator}' cannot join {kind(left)} and {kind(right)}")


OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"+": add, "-": subtract, "*": multiply, "/": divide, "%": remainder, "^": power}
)
