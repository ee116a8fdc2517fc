"""The size of a value: as text, where shared parts count each time, and in memory, where they count once.

`vars.a = {vars.a, vars.a}` doubles a value and takes a hundred bytes. Comparing, printing, hashing, copying or encoding it
takes time for its size as text, so check here first. The check takes time for the size in memory only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from reprlib import Repr
from typing import Any

from pfnb.exceptions import ParameterError, RunLimitError
from pfnb.language.plain_data import MANY

MAX_WRITTEN = 40_000_000
"""Maximum characters of a value as text, approximately: more than any payload."""

MAX_HELD = 150_000_000
"""Maximum bytes of the values of one run in memory, approximately."""

MAX_LEVELS = 500
"""Maximum nesting of a value as text: Python's JSON reader and writer end below 1,000 levels, including their callers."""

NODE = 16
"""Cost of a number, an item of a list or a key of a map, besides its characters."""

_LIST_BYTES, _MAP_BYTES, _ITEM_BYTES = 56, 64, 40
_LARGE = 1 << 63
_DIGITS_PER_BIT = 0.302
_CONTAINERS = (dict, list, tuple)
_MANY_CHARACTERS, _MANY_CONTAINERS = 65_536, 400
_PLAIN = frozenset({bool, float, type(None)})
_SMALL = 2_000
"""A value up to this length is shown by its `repr`."""


def check_written(value: Any, most: int = MAX_WRITTEN) -> None:
    """Raise RunLimitError if the value as text would exceed `most` characters, and ParameterError if it contains itself."""
    if value.__class__ in _PLAIN or value.__class__ is str:
        return
    if written(value) > most:
        raise RunLimitError(too_much(most))


def too_much(most: int) -> str:
    return f"the value has more than {most:,} characters when written out: it is too large, or contains the same part many times"


def written(value: Any, *, itself: bool = False, length: Callable[[str], int] = len) -> int:
    """The approximate number of characters of the value as text; `length` measures one text. Raises ParameterError for a value
    that contains itself (with `itself`, its direct items may be the value), and for one that is nested too deeply."""
    try:
        return _written(value, {}, itself, length, MAX_LEVELS)
    except RecursionError:
        raise contains_itself() from None


def is_long(value: Any) -> bool:
    """Whether to serialise the value in a thread: it has many values or characters, or may be nested deeply."""
    waiting: list[Any] = [[value]]
    values, characters = MANY, _MANY_CHARACTERS
    for container in waiting:  # which grows meanwhile
        items = container.values() if isinstance(container, dict) else container
        values -= len(container)
        if items is not container:
            characters -= _keys_written(container, len)
        for item in items:
            if item.__class__ is str:
                characters -= len(item)
            elif isinstance(item, _CONTAINERS):
                waiting.append(item)
        if values < 0 or characters < 0 or len(waiting) > _MANY_CONTAINERS:
            return True
    return False


def contains_itself() -> ParameterError:
    return ParameterError("the data is nested too deeply, or contains itself")


def _written(value: Any, known: dict[int, int], itself: bool, length: Callable[[str], int], levels: int) -> int:
    """`known` holds the lengths of containers seen before, by id; -1 for those around this value."""
    if not isinstance(value, _CONTAINERS):
        return _written_alone(value, known, itself, length, levels)
    place = id(value)
    size = known.get(place)
    if size is not None:
        if size < 0:
            raise contains_itself()
        return size
    if levels == 0:
        raise contains_itself()
    known[place] = -1
    size = NODE
    items: Iterable[Any] = value
    if isinstance(value, dict):
        size += _keys_written(value, length)
        items = value.values()
    for item in items:
        kind = item.__class__
        if kind is str:
            size += NODE + length(item)
        elif kind in _PLAIN:
            size += NODE
        elif not (itself and item is value):
            size += _written(item, known, itself, length, levels - 1)
    known[place] = size
    return size


def _keys_written(value: Mapping[Any, Any], length: Callable[[str], int]) -> int:
    try:
        return sum(map(length, value)) + NODE * len(value)
    except TypeError:  # not all of them are texts
        return sum(_written_alone(key, {}, False, length, 0) for key in value)


def _written_alone(value: Any, known: dict[int, int], itself: bool, length: Callable[[str], int], levels: int) -> int:
    if isinstance(value, int):
        return NODE if -_LARGE < value < _LARGE else NODE + int(value.bit_length() * _DIGITS_PER_BIT)
    if isinstance(value, str):
        return NODE + length(value)
    if isinstance(value, bytes | bytearray):
        return NODE + len(value)
    if isinstance(value, Mapping):
        items = (_written(item, known, itself, length, levels - 1) for item in value.values())
        return NODE + _keys_written(value, length) + sum(items)
    return NODE


def check_held(values: Iterable[Any]) -> None:
    """Raise RunLimitError if the values take more memory than allowed for one run. Shared parts count once."""
    if held(list(values), most=MAX_HELD) > MAX_HELD:
        raise RunLimitError(f"this run holds more than {MAX_HELD:,} bytes in its values: keep less in vars and body")


def held(value: Any, most: int) -> int:
    """The approximate bytes of memory of the value. Shared parts count once. Stops beyond `most`, so a larger value may take
    more than the returned number."""
    seen: set[int] = set()
    waiting = [value]
    size = 0
    while waiting and size <= most:
        value = waiting.pop()
        kind = value.__class__
        if kind in _PLAIN or kind is int or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, str | bytes | bytearray):
            size += _LIST_BYTES + len(value)
        elif isinstance(value, dict):
            size += _MAP_BYTES + _ITEM_BYTES * 2 * len(value)
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            size += _LIST_BYTES + _ITEM_BYTES * len(value)
            waiting.extend(value)
    return size


def shown(value: Any, most: int = 60) -> str:
    """The value's `repr`, for a message: cut to `most` characters, without building more."""
    try:
        is_small = written(value) <= _SMALL
    except ParameterError:
        is_small = False
    text = repr(value) if is_small else _brief().repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _brief() -> Repr:
    brief = Repr()
    brief.maxlevel, brief.maxstring, brief.maxlong = 3, _SMALL, _SMALL
    return brief
