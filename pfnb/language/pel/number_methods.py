"""The methods of numbers and booleans: those of Java's `Integer`, `Long`, `Double` and `Boolean` that take no radix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.hashing import hash_code
from pfnb.language.pel.method import Method, anything
from pfnb.language.pel.printing import to_text
from pfnb.language.pel.values import compare, same, to_boolean, to_decimal, to_integer


def _whole(value: float) -> int:
    return 0 if isinstance(value, float) and math.isnan(value) else to_integer(value)


def _compare_decimals(value: float, other: float) -> int:
    """`Double.compare`: NaN is above everything."""
    if math.isnan(value) or math.isnan(other):
        return math.isnan(value) - math.isnan(other)
    return compare(value, other)


def _boolean(value: Any) -> bool:
    if value is None:
        raise PelEvaluationError("expected a boolean, not null")
    return to_boolean(value)


_CONVERSIONS = {
    **dict.fromkeys(("byteValue", "intValue", "longValue", "shortValue"), Method(_whole)),
    **dict.fromkeys(("doubleValue", "floatValue"), Method(to_decimal)),
}
_COMMON = {"equals": Method(same, (anything,)), "hashCode": Method(hash_code), "toString": Method(to_text)}

INTEGER_METHODS: Mapping[str, Method] = MappingProxyType(
    {**_CONVERSIONS, **_COMMON, "compareTo": Method(compare, (to_integer,))}
)
DECIMAL_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        **_CONVERSIONS,
        **_COMMON,
        "compareTo": Method(_compare_decimals, (to_decimal,)),
        "isInfinite": Method(math.isinf),
        "isNaN": Method(math.isnan),
    }
)
BOOLEAN_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        **_COMMON,
        "booleanValue": Method(lambda value: value),
        "compareTo": Method(compare, (_boolean,)),
    }
)
