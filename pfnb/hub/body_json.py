"""JSON as strangers send it: found by type or by look, and parsed into what can be written as JSON again.

Python's parser accepts more than JSON (NaN, Infinity, half surrogates) and less than any sender may try (nesting, long
integers). Both ends are closed here, so that nothing behind has to think of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

MAX_DEPTH = 100
"""Nesting beyond this is kept as text: recursive code behind (writing JSON, expressions, displays) stays safe."""


def may_be_json(media_type: str, body: bytes) -> bool:
    """Whether a body is worth parsing: its type says JSON, or it begins like an object or a list (SNS sends text/plain)."""
    subtype = media_type.partition("/")[2]
    return (
        subtype == "json" or subtype.endswith("+json") or body[:16].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    )


def top_level_texts(body: bytes, names: tuple[str, ...]) -> dict[str, str]:
    """Those of `names` that are keys of the body's top-level object with a text as value; none if it is no JSON object."""
    if b"\\" not in body and not any(name.encode() in body for name in names):
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {name: value[name] for name in names if isinstance(value.get(name), str)}


def parse_json(body: bytes) -> Any:
    """The value of a JSON document (UTF-8, UTF-16 or UTF-32, with or without a byte order mark).

    ValueError for everything that could not be written as JSON again: no JSON at all, NaN and Infinity, numbers beyond a
    double's range, integers of thousands of digits, nesting beyond MAX_DEPTH. Half a surrogate pair becomes U+FFFD.
    """
    try:
        value = json.loads(body, parse_float=_finite, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"nested more than {MAX_DEPTH} deep") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    if any(mark in body for mark in (b"\\u", b"\xed", b"\x00")):  # an escape, a half pair in UTF-8, UTF-16
        value = _whole_characters(value)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:20]} is beyond the range of a number")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _check_depth(value: Any) -> None:
    level: list[Iterable[Any]] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        nodes = [node for values in level for node in values]
        level = [node.values() if isinstance(node, dict) else node for node in nodes if isinstance(node, dict | list)]
        if not level:
            return
    raise ValueError(f"nested more than {MAX_DEPTH} deep")


def _whole_characters(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return value
