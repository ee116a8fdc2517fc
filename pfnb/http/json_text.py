"""JSON text of results. Python's encoder is C code that holds up all other threads until a value is done: long values are encoded
part by part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from json.encoder import encode_basestring_ascii
from typing import Any

from pfnb.http.parts import PIECE
from pfnb.language.extent import check_written, is_long
from pfnb.language.plain import plain

_ENCODE = json.JSONEncoder(allow_nan=False, default=partial(plain, with_bytes=False), separators=(",", ":")).encode
_GROUP = 100
"""Items of a long list or map that are encoded at once if they are short."""


def to_json(value: Any) -> str:
    """JSON text. NaN and infinities become null; other values that JSON cannot express become their text. RunLimitError for a
    value that is too long."""
    check_written(value)
    try:
        return "".join(_pieces(value))
    except ValueError:
        return "".join(_pieces(_finite(value)))


def in_utf8(body: Any) -> bytes:
    """A text as it is, all else as JSON. An unpaired surrogate, which UTF-8 cannot encode, becomes a question mark."""
    text = body if isinstance(body, str) else to_json(body)
    return b"".join(text[at : at + PIECE].encode(errors="replace") for at in range(0, len(text), PIECE))


def _pieces(value: Any) -> Iterator[str]:
    if not is_long(value):
        yield _ENCODE(value)
    elif isinstance(value, str):
        yield '"'
        for at in range(0, len(value), PIECE):
            yield encode_basestring_ascii(value[at : at + PIECE])[1:-1]
        yield '"'
    elif isinstance(value, dict):
        yield from _grouped("{}", value.items())
    elif isinstance(value, list | tuple):
        yield from _grouped("[]", value)
    else:
        yield _ENCODE(value)


def _grouped(brackets: str, items: Any) -> Iterator[str]:
    items, mark, is_map = iter(items), brackets[0], brackets == "{}"
    while group := list(islice(items, _GROUP)):
        short = dict(group) if is_map else group
        if not is_long(short):
            yield mark + _ENCODE(short)[1:-1]
            mark = ","
            continue
        for item in group:
            yield mark + (_ENCODE({item[0]: 0})[1:-2] if is_map else "")
            yield from _pieces(item[1] if is_map else item)
            mark = ","
    yield brackets[1]


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
