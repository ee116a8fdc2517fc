"""The values of literals: texts without escapes, numbers of any size."""

from __future__ import annotations

from pfnb.language.pel.errors import syntax_error
from pfnb.language.pel.limits import MAX_INTEGER_BITS

_MAX_DIGITS = MAX_INTEGER_BITS * 3 // 10


def text_value(quoted: str) -> str:
    """Doubled quotes, of either kind, mean one: Spring's rule."""
    return quoted[1:-1].replace("''", "'").replace('""', '"')


def number_value(word: str, text: str, at: int) -> int | float:
    """The number that `word` spells, at offset `at` of `text`."""
    if word[:2] in ("0x", "0X"):
        digits = word[2:].rstrip("lL")
        if not digits:
            raise syntax_error("'0x' needs hexadecimal digits after it", text, at)
        return _sized(digits, 16, text, at)
    if word.isdigit():
        return _sized(word, 10, text, at)
    if word[-1] in "lL":
        if not word[:-1].isdigit():
            raise syntax_error(f"'{word[:40]}' is not a whole number: leave the L out", text, at)
        return _sized(word[:-1], 10, text, at)
    return float(word.rstrip("fFdD"))


def _sized(digits: str, base: int, text: str, at: int) -> int:
    if len(digits) > _MAX_DIGITS:
        raise syntax_error(f"a whole number may have at most {_MAX_DIGITS} digits", text, at)
    return int(digits, base)
