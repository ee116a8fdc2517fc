"""Matches, replaces and splits by Java's regular expressions, with the `regex` library and within a time limit."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.limits import MAX_ITEMS, MAX_MATCHED, MAX_TEXT, PATTERN_SECONDS
from pfnb.language.pel.printing import too_long
from pfnb.language.pel.values import Array

if TYPE_CHECKING:
    import regex

T = TypeVar("T")
_REFERENCE = re.compile(
    r"\\(?P<escaped>.)|\$\{(?P<name>[a-zA-Z][a-zA-Z0-9]*)\}|\$(?P<digits>[0-9]+)|(?P<wrong>[\\$])|[^\\$]+", re.DOTALL
)


def matches(text: str, pattern: str, *, seconds: float = PATTERN_SECONDS) -> bool:
    """Whether the whole text matches."""
    compiled = _ready(text, pattern)
    return _limited(lambda: compiled.fullmatch(text, timeout=seconds, concurrent=True)) is not None


def first_match(text: str, pattern: str, *, seconds: float = PATTERN_SECONDS) -> list[str | None]:
    """The first match anywhere in the text, then its groups; empty without a match."""
    compiled = _ready(text, pattern)
    found = _limited(lambda: compiled.search(text, timeout=seconds, concurrent=True))
    return [] if found is None else [found[0], *found.groups()]


def replace_all(text: str, pattern: str, replacement: str, *, seconds: float = PATTERN_SECONDS) -> str:
    return _replaced(text, pattern, replacement, 0, seconds)


def replace_first(text: str, pattern: str, replacement: str, *, seconds: float = PATTERN_SECONDS) -> str:
    return _replaced(text, pattern, replacement, 1, seconds)


def split(text: str, pattern: str, limit: int = 0, *, seconds: float = PATTERN_SECONDS) -> Array:
    """`String.split`: a limit of 0 drops empty texts at the end, a negative one keeps them."""
    compiled = _ready(text, pattern)
    parts = Array()

    def cut() -> int:
        begin = 0
        for match in compiled.finditer(text, timeout=seconds, concurrent=True):
            if 0 < limit <= len(parts) + 1:
                break
            if match.end() == 0:
                continue
            parts.append(text[begin : match.start()])
            begin = match.end()
            if len(parts) > MAX_ITEMS:
                raise PelEvaluationError(f"split(…) makes more than {MAX_ITEMS:,} parts")
        return begin

    begin = _limited(cut)
    if not parts:
        return Array([text])
    parts.append(text[begin:])
    while limit == 0 and parts and not parts[-1]:
        parts.pop()
    return parts


def _replaced(text: str, pattern: str, replacement: str, count: int, seconds: float) -> str:
    compiled = _ready(text, pattern)
    expand = _replacement(replacement, compiled)
    length = len(text)

    def put(match: regex.Match[str]) -> str:
        nonlocal length
        piece = expand(match)
        length += len(piece) - len(match[0])
        if length > MAX_TEXT:
            raise too_long()
        return piece

    result: str = _limited(lambda: compiled.sub(put, text, count=count, timeout=seconds, concurrent=True))
    return result


def _replacement(replacement: str, compiled: regex.Pattern[str]) -> Callable[[regex.Match[str]], str]:
    """Java's replacement syntax: `$1` and `${name}` are groups, a backslash escapes the next character."""
    parts: list[str | int] = []
    for piece in _REFERENCE.finditer(replacement):
        if piece["wrong"] is not None:
            raise PelEvaluationError(
                r"in a replacement, '$' needs a group such as $1 after it; write \$ for the character itself"
            )
        if piece["digits"] is not None:
            parts.extend(_group(piece["digits"], compiled.groups))
        elif piece["name"] is not None:
            if piece["name"] not in compiled.groupindex:
                raise PelEvaluationError("the replacement names a group that is not in the regular expression")
            parts.append(compiled.groupindex[piece["name"]])
        else:
            parts.append(piece["escaped"] or piece[0])
    return lambda match: "".join(part if isinstance(part, str) else (match[part] or "") for part in parts)


def _group(digits: str, groups: int) -> list[str | int]:
    """Split off the longest number that is a group; the digits after it are text."""
    number, used = int(digits[0]), 1
    if number > groups:
        raise PelEvaluationError(f"the replacement names group {number}, but the regular expression has {groups}")
    while used < len(digits) and number * 10 + int(digits[used]) <= groups:
        number, used = number * 10 + int(digits[used]), used + 1
    return [number, digits[used:]]


def _limited(call: Callable[[], T]) -> T:
    try:
        return call()
    except TimeoutError:
        raise PelEvaluationError(
            "the regular expression takes too long: make it simpler, or the text shorter"
        ) from None
    except MemoryError:
        raise PelEvaluationError("the regular expression takes too much memory: make it simpler") from None


def _ready(text: str, pattern: str) -> regex.Pattern[str]:
    if len(text) > MAX_MATCHED:
        raise PelEvaluationError(f"a regular expression can be applied to at most {MAX_MATCHED:,} characters")
    return _compiled(pattern)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> regex.Pattern[str]:
    # Imported here, since most pipelines use no regular expression and loading the library would delay every kernel.
    import regex

    from pfnb.language.pel.java_patterns import translated

    rewritten = translated(pattern)
    try:
        return regex.compile(rewritten, regex.VERSION1)
    except (regex.error, ValueError, OverflowError, KeyError, IndexError, RecursionError) as error:
        reason = getattr(error, "msg", None) or "it is nested too deeply or has impossible counts"
        raise PelEvaluationError(f"the regular expression is not valid: {reason}") from None
