"""Texts as Java counts them, in UTF-16 units: a character such as an emoji is two."""

from __future__ import annotations

import re
from array import array

_BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]")
_PIECE = 65_536
_SURROGATE = re.compile("[\ud800-\udfff]")


def in_units(text: str) -> str:
    """The text with one character for each unit: the same text unless it has characters beyond 16 bits."""
    if text.isascii() or not _BEYOND_16_BITS.search(text):
        return text
    units = array("H", text.encode("utf-16-le", "surrogatepass"))
    # In pieces, so that other threads can run in between.
    return "".join("".join(map(chr, units[at : at + _PIECE])) for at in range(0, len(units), _PIECE))


def count_units(text: str) -> int:
    """How many units a text has."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def from_units(units: str) -> str:
    """The reverse of `in_units`; half of a character becomes U+FFFD."""
    if units.isascii() or not _SURROGATE.search(units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
