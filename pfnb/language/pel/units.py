"""Texts as Java counts them, in UTF-16 units: a character such as an emoji is two."""

from __future__ import annotations

import re
from array import array

_BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def in_units(text: str) -> str:
    """The text with one character for each unit: the same text unless it has characters beyond 16 bits."""
    if text.isascii() or not _BEYOND_16_BITS.search(text):
        return text
    return "".join(map(chr, array("H", text.encode("utf-16-le", "surrogatepass"))))


def from_units(units: str) -> str:
    """The reverse of `in_units`; half of a character becomes U+FFFD."""
    if units.isascii() or not _SURROGATE.search(units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
