"""Long values of a frame's header travel in parts beside it. Python's JSON is C code that holds up all other threads until a
value is done, so each part is short, or a text, which is converted bit by bit."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pfnb.exceptions import RequestError
from pfnb.hub.receiving.body_json import parse_json
from pfnb.language.extent import is_long

PIECE = 262_144
"""Characters that are encoded, and bytes that are decoded, at once."""
GROUP = 100
"""Items of a long list or map in one part."""

Path = tuple[str | int, ...]
"""The keys and indices that lead to a value."""
Part = tuple[Path, Any]
"""A long text and its place, or items of a long list or map and where that is."""


def taken_out(head: dict[str, Any]) -> tuple[dict[str, Any], list[Part]]:
    """The header with null for each long text and empty lists and maps for long ones, and the parts that fill them again, from
    the outside in. What is given stays as it is."""
    parts: list[Part] = []
    return {key: _short(value, (key,), parts) for key, value in head.items()}, parts


def _short(value: Any, path: Path, parts: list[Part]) -> Any:
    if isinstance(value, str) and is_long(value):
        parts.append((path, value))
        return None
    if not isinstance(value, dict | list | tuple) or not is_long(value):
        return value
    is_map = isinstance(value, dict)
    items: Iterator[tuple[Any, Any]] = iter(value.items() if isinstance(value, dict) else enumerate(value))
    while group := list(islice(items, GROUP)):
        place = len(parts)
        # JSON turns other keys into texts, so the receiver could not follow a path through them: keep such an item here.
        short = {
            key: _short(item, (*path, key), parts) if isinstance(key, str) or not is_map else item
            for key, item in group
        }
        parts.insert(place, (path, short if is_map else list(short.values())))
    return {} if is_map else []


def pieces_of(text: str) -> Iterator[bytes]:
    """The text in UTF-8, bit by bit. Half a surrogate pair becomes U+FFFD."""
    for at in range(0, len(text), PIECE):
        try:
            yield text[at : at + PIECE].encode()
        except UnicodeEncodeError:
            yield from pieces_of(text[at:].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
            return


def put_back(head: dict[str, Any], places: Any, raw: memoryview) -> int:
    """Fill the header with its parts, which the raw bytes begin with. `places` are their paths and sizes. Returns the size of
    all. RequestError if they are wrong."""
    begin = 0
    try:
        for (*way, last), size in places:
            holder: Any = head
            for key in way:
                holder = holder[key]
            if not 0 <= size <= len(raw) - begin:
                raise ValueError("there are not so many bytes")
            part = raw[begin : begin + size]
            begin += size
            if (there := holder[last]) is None:
                holder[last] = _text(part)
            elif isinstance(there, list):
                there.extend(_items(part, list))
            else:
                there.update(_items(part, dict))
    except (TypeError, LookupError, ValueError, AttributeError) as error:
        raise RequestError("a part of a frame does not fit its place") from error
    return begin


def _items(raw: memoryview, kind: type) -> Any:
    items = parse_json(bytes(raw), depth=None)
    if not isinstance(items, kind):  # a map would also take pairs, whose keys may be anything
        raise TypeError("items for a list are a list, those for a map are a map")
    return items


def _text(raw: memoryview) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    pieces = [decoder.decode(bytes(raw[at : at + PIECE])) for at in range(0, len(raw), PIECE)]
    return "".join([*pieces, decoder.decode(b"", final=True)])
