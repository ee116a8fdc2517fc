"""Java's `hashCode`, with identical results: pipelines use it to distribute work over a few buckets."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.printing import check_extent
from pfnb.language.pel.units import in_units
from pfnb.language.pel.values import Entry, is_list, is_map, kind


def hash_code(value: Any) -> int:
    """The hash of a value, as a signed 32-bit number."""
    check_extent(value)
    return _signed(_hash(value))


def _signed(bits: int) -> int:
    low = bits & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low


def _hash(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1231 if value else 1237
    if isinstance(value, str):
        return _hash_of_sequence(map(ord, in_units(value)), 0)
    if isinstance(value, int):
        return value if -(1 << 31) <= value < 1 << 31 else _hash_of_64_bits(value & 0xFFFFFFFFFFFFFFFF)
    if isinstance(value, float):
        return _hash_of_64_bits(int.from_bytes(struct.pack(">d", value), "big"))
    if isinstance(value, Entry):
        return _hash(value["key"]) ^ _hash(value["value"])
    if is_map(value):
        return sum(_hash(key) ^ _hash(item) for key, item in value.items())
    if is_list(value):
        return _hash_of_sequence(map(_hash, value), 1)
    raise PelEvaluationError(f"{kind(value)} has no hash")


def _hash_of_sequence(hashes: Iterable[int], start: int) -> int:
    code = start
    for each in hashes:
        code = (code * 31 + each) & 0xFFFFFFFF
    return code


def _hash_of_64_bits(bits: int) -> int:
    return bits ^ (bits >> 32)
