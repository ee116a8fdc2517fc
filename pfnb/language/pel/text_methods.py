"""The methods of a text: those of `java.lang.String` that only look at it. Positions count UTF-16 units, as Java's do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel import patterns
from pfnb.language.pel.arithmetic import repeated
from pfnb.language.pel.hashing import hash_code
from pfnb.language.pel.limits import MAX_TEXT, SCANNED_PER_UNIT
from pfnb.language.pel.method import Method, anything, as_text, only_text
from pfnb.language.pel.printing import to_joined_text, too_long
from pfnb.language.pel.units import count_units, from_units, in_units
from pfnb.language.pel.values import Array, is_list, is_number, kind, same, to_position

_PIECE = 65_536
_CONTROLS_AND_SPACE = "".join(map(chr, range(0x21)))
BY_CHARACTER = SCANNED_PER_UNIT
"""The weight of a method that goes through its text character by character."""
_JAVA_WHITESPACE = (
    "\t\n\x0b\f\r\x1c\x1d\x1e\x1f \u1680"
    + "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)


def length(text: str) -> int:
    return count_units(text)


def character(text: str, index: int) -> str:
    """The character at an index from 0; a negative or too large one is an error."""
    units = in_units(text)
    if not 0 <= index < len(units):
        raise PelEvaluationError(f"there is no character {index} in a text of length {len(units)}")
    return from_units(units[index])


def _code_point(text: str, index: int) -> int:
    units = in_units(text)
    if not 0 <= index < len(units):
        raise PelEvaluationError(f"there is no character {index} in a text of length {len(units)}")
    pair = units[index : index + 2].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return ord(pair[0])


def _substring(text: str, begin: int, end: int | None = None) -> str:
    units = in_units(text)
    stop = len(units) if end is None else end
    if not 0 <= begin <= stop <= len(units):
        raise PelEvaluationError(f"a text of length {len(units)} has no part from {begin} to {stop}")
    return from_units(units[begin:stop])


def _index_of(text: str, wanted: str, begin: int = 0) -> int:
    units = in_units(text)
    return units.find(in_units(wanted), min(max(begin, 0), len(units)))


def _last_index_of(text: str, wanted: str, begin: int | None = None) -> int:
    units, part = in_units(text), in_units(wanted)
    if begin is None:
        return units.rfind(part)
    return units.rfind(part, 0, begin + len(part)) if begin >= 0 else -1


def _starts_with(text: str, prefix: str, offset: int = 0) -> bool:
    units = in_units(text)
    return 0 <= offset <= len(units) and units.startswith(in_units(prefix), offset)


def _compare_to(text: str, other: str) -> int:
    left, right = in_units(text), in_units(other)
    for one, two in zip(left, right, strict=False):
        if one != two:
            return ord(one) - ord(two)
    return len(left) - len(right)


def _folded(text: str) -> str:
    """Letter by letter to upper, then to lower case, each staying one letter, as Java compares without case."""
    return "".join(map(_folded_character, text))


def _equal_but_for_case(text: str, other: str) -> bool:
    if len(text) != len(other):
        return False
    pieces = (slice(at, at + _PIECE) for at in range(0, len(text), _PIECE))
    return all(text[piece] == other[piece] or _folded(text[piece]) == _folded(other[piece]) for piece in pieces)


@lru_cache(maxsize=4_096)
def _folded_character(each: str) -> str:
    lower = (each.upper() if len(each.upper()) == 1 else each).lower()
    return lower if len(lower) == 1 else each


def _replace(text: str, old: str, new: str) -> str:
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise too_long()
    return text.replace(old, new)


def _concat(text: str, other: str) -> str:
    if len(text) + len(other) > MAX_TEXT:
        raise too_long()
    return text + other


def _repeat(text: str, times: int) -> str:
    if times < 0:
        raise PelEvaluationError(f"repeat(…) cannot repeat {times} times")
    return repeated(text, times)


def _join(_: str, delimiter: str, items: Any) -> str:
    joined = [to_joined_text(item) for item in items]
    if sum(map(len, joined)) + len(delimiter) * len(joined) > MAX_TEXT:
        raise too_long()
    return delimiter.join(joined)


def _needle(value: Any) -> str:
    """What indexOf looks for: a text, or the number of a character."""
    if is_number(value):
        code = to_position(value)
        return chr(code) if 0 <= code < 0x110000 else "\0\0"
    return as_text(value)


def _items(value: Any) -> Any:
    if is_list(value):
        return value
    raise PelEvaluationError(f"expected a list, not {kind(value)}")


TEXT_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "charAt": Method(character, (to_position,)),
        "codePointAt": Method(_code_point, (to_position,)),
        "compareTo": Method(_compare_to, (as_text,), weight=BY_CHARACTER),
        "compareToIgnoreCase": Method(
            lambda text, other: _compare_to(_folded(text), _folded(other)), (as_text,), weight=2 * BY_CHARACTER
        ),
        "concat": Method(_concat, (as_text,)),
        "contains": Method(lambda text, part: part in text, (only_text,)),
        "contentEquals": Method(lambda text, other: text == other, (only_text,)),
        "endsWith": Method(lambda text, suffix: text.endswith(suffix), (as_text,)),
        "equals": Method(same, (anything,)),
        "equalsIgnoreCase": Method(
            lambda text, other: other is not None and _equal_but_for_case(text, other),
            (lambda value: None if value is None else as_text(value),),
            weight=2 * BY_CHARACTER,
        ),
        "hashCode": Method(hash_code, weight=BY_CHARACTER),
        "indexOf": Method(_index_of, (_needle, to_position), optional=1),
        "isBlank": Method(lambda text: not text.strip(_JAVA_WHITESPACE)),
        "isEmpty": Method(lambda text: not text),
        "join": Method(_join, (only_text, _items)),
        "lastIndexOf": Method(_last_index_of, (_needle, to_position), optional=1),
        "length": Method(length),
        "matches": Method(patterns.matches, (as_text,), timed=True),
        "repeat": Method(_repeat, (to_position,)),
        "replace": Method(_replace, (only_text, only_text)),
        "replaceAll": Method(patterns.replace_all, (as_text, as_text), timed=True),
        "replaceFirst": Method(patterns.replace_first, (as_text, as_text), timed=True),
        "split": Method(patterns.split, (as_text, to_position), optional=1, timed=True),
        "startsWith": Method(_starts_with, (as_text, to_position), optional=1),
        "strip": Method(lambda text: text.strip(_JAVA_WHITESPACE)),
        "stripLeading": Method(lambda text: text.lstrip(_JAVA_WHITESPACE)),
        "stripTrailing": Method(lambda text: text.rstrip(_JAVA_WHITESPACE)),
        "subSequence": Method(_substring, (to_position, to_position)),
        "substring": Method(_substring, (to_position, to_position), optional=1),
        "toCharArray": Method(lambda text: Array(from_units(unit) for unit in in_units(text))),
        "toLowerCase": Method(str.lower),
        "toString": Method(lambda text: text),
        "toUpperCase": Method(str.upper),
        "trim": Method(lambda text: text.strip(_CONTROLS_AND_SPACE)),
    }
)
