"""JSON as strangers send it: recognized by type or by its first characters, and parsed into what can be written as JSON again.

Python's parser accepts more than JSON (NaN, Infinity, half surrogates), and fails on input that senders may try (nesting, long
integers). Both cases are handled here, so that later code can ignore them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from pfnb.garbage import uncollected
from pfnb.language.charset import json_text
from pfnb.language.media_types import is_json

MAX_DEPTH = 100
"""Deeper nesting is kept as text: later recursive code (writing JSON, expressions, displays) stays safe."""


def may_be_json(media_type: str, body: bytes) -> bool:
    """Whether a body is worth parsing: its type says JSON, or it begins like an object or a list (SNS sends text/plain)."""
    return is_json(media_type) or body[:16].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def top_level_texts(body: bytes, names: tuple[str, ...], charset: str | None = None) -> dict[str, str]:
    """The `names` that are keys of the body's top-level object with a string as value; none if it is not a JSON object."""
    if b"\\" not in body and not any(name.encode() in body for name in names):
        return {}
    try:
        value = json.loads(json_text(body, charset))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {name: value[name] for name in names if isinstance(value.get(name), str)}


def parse_json(body: bytes, depth: int | None = MAX_DEPTH, charset: str | None = None) -> Any:
    """The value of a JSON document in the declared charset, if that is known and fits, else in UTF-8, UTF-16 or UTF-32, with or
    without a byte order mark, else in Latin-1.

    ValueError for everything that could not be written as JSON again: invalid JSON, NaN and Infinity, numbers beyond a
    double's range, integers of thousands of digits, nesting beyond `depth` (None: beyond what Python
    can read). Half a surrogate pair becomes U+FFFD.
    """
    try:
        with uncollected():
            value = _DECODER.decode(json_text(body, charset))
        if depth is not None and body.count(b"[") + body.count(b"{") > depth:
            _check_depth(value, depth)
        # Half a pair: escaped, in UTF-8, in UTF-16.
        if b"\\ud" in body or b"\\uD" in body or b"\xed" in body or b"\x00" in body:
            value = _whole_characters(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:20]} is outside of the range of numbers")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)


def _check_depth(value: Any, depth: int) -> None:
    level: list[Iterable[Any]] = [[value]]
    for _ in range(depth + 1):
        nodes = [node for values in level for node in values]
        level = [node.values() if isinstance(node, dict) else node for node in nodes if isinstance(node, dict | list)]
        if not level:
            return
    raise ValueError(f"nested more than {depth} deep")


def _whole_characters(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return value
