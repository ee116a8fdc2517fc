"""`@list`: items of lists. A text with commas between its items is a list, too."""

from __future__ import annotations

import re
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import function
from pfnb.functions.arguments import check_count, items_of
from pfnb.language.budget import current
from pfnb.language.pel.values import equal

_RANGE = re.compile(r"\s*([0-9]{1,9})?\s*:\s*([0-9]{1,9})?\s*")


@function("list.first")
def first(value: Any) -> Any:
    """The first item; null for an empty list.

    Example:
        @list.first({1, 2, 3})  # => 1
    """
    return next(iter(items_of(value)), None)


@function("list.last")
def last(value: Any) -> Any:
    """The last item; null for an empty list.

    Example:
        @list.last({1, 2, 3})  # => 3
    """
    return next(reversed(items_of(value)), None)


@function("list.size")
def size(value: Any) -> int:
    """How many items the list has; 0 for null and for a map. `@data.size` also counts keys and characters.

    Example:
        @list.size({1, 2, 3})  # => 3
        @list.size('a, b, c')  # => 3
    """
    return len(items_of(value)) if isinstance(value, (list, tuple, str)) else 0


@function("list.empty")
def empty(value: Any) -> bool:
    """Whether the list is null or has no items.

    Example:
        @list.empty({})  # => true
    """
    return size(value) == 0


@function("list.sublist")
def sublist(value: Any, expression: str) -> Any:
    """A part of a list: `first` or `last` is that item, `1:2` the items from one index to another, both included, `1:` and `:1`
    the items from or up to an index.

    Example:
        @list.sublist({'a', 'b', 'c', 'd'}, '1:2')  # => ["b", "c"]
        @list.sublist({'a', 'b', 'c', 'd'}, 'last')  # => "d"
    """
    word = expression.strip().lower()
    if word in ("first", "last"):
        return first(value) if word == "first" else last(value)
    bounds = _RANGE.fullmatch(expression)
    if bounds is None or not any(bounds.groups()):
        raise ParameterError("a sublist must be first, last, START:END, START: or :END")
    return items_of(value)[int(bounds[1] or 0) : None if bounds[2] is None else int(bounds[2]) + 1]


@function("list.add")
def add(value: Any, element: Any, ignore_nulls: bool = True) -> list[Any]:
    """The list with an item added at its end: the same list, if it can be changed. Null is added only if `ignoreNulls` is false.

    Example:
        @list.add({1, 2}, 3)  # => [1, 2, 3]
        @list.add({1, 2}, null, false)  # => [1, 2, null]
    """
    items = value if isinstance(value, list) else items_of(value)
    if element is not None or not ignore_nulls:
        check_count(len(items) + 1)
        items.append(element)
    return items


@function("list.contains")
def contains(value: Any, needles: Any) -> bool:
    """Whether the list has the item, or one of a list of items.

    Example:
        @list.contains({1, 2, 3}, {9, 3})  # => true
    """
    items, wanted = items_of(value), items_of(needles) if needles is not None else [None]
    check_count(len(items) * len(wanted))
    left = current()
    for needle in wanted:
        for item in items:
            left.spend()
            if equal(item, needle):
                return True
    return False


@function("list.remove")
def remove(value: Any, element: Any) -> list[Any]:
    """The list without the first item that is equal to the given one: the same list, if it can be changed.

    Example:
        @list.remove({1, 2, 3, 2}, 2)  # => [1, 3, 2]
    """
    items = value if isinstance(value, list) else items_of(value)
    left = current()
    for index, item in enumerate(items):
        left.spend()
        if equal(item, element):
            del items[index]
            break
    return items


@function("list.copy")
def copy(value: Any) -> list[Any]:
    """A new list with the same items.

    Example:
        @list.copy({1, 2, 3})  # => [1, 2, 3]
    """
    return list(items_of(value))


@function("list.create")
def create() -> list[Any]:
    """A new empty list.

    Example:
        @list.create()  # => []
    """
    return []
