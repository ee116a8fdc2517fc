"""The methods of a list: those of `java.util.List` that need no code passed in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cmp_to_key, partial
from types import MappingProxyType
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.hashing import hash_code
from pfnb.language.pel.limits import ITEM_COST, MAX_ITEMS, SCANNED_PER_UNIT
from pfnb.language.pel.method import Method, anything, only_list
from pfnb.language.pel.printing import to_text
from pfnb.language.pel.values import Array, Spend, compare, is_number, kind, same, to_position


def item(items: Any, index: int) -> Any:
    """The item at an index from 0; a negative or too large one is an error."""
    return items[_checked(items, index, len(items) - 1)]


def _checked(items: Any, index: int, last: int) -> int:
    if 0 <= index <= last:
        return index
    raise PelEvaluationError(f"there is no index {index} in a list of {len(items)} items (they count from 0)")


def _contains(items: Any, wanted: Any, spend: Spend) -> bool:
    return _index_of(items, wanted, spend) >= 0


def _contains_all(items: Any, wanted: Any, spend: Spend) -> bool:
    return all(_contains(items, each, spend) for each in wanted)


def _index_of(items: Any, wanted: Any, spend: Spend) -> int:
    if isinstance(wanted, str):
        spend(len(items) * len(wanted) // SCANNED_PER_UNIT)
    if isinstance(wanted, (str, int)) and not isinstance(wanted, bool):
        return _index_of_scalar(items, wanted)
    return next((index for index, each in enumerate(items) if same(each, wanted, spend)), -1)


def _index_of_scalar(items: Any, wanted: str | int) -> int:
    """As `_index_of`, at C speed; what Python takes for equal, such as 1 and true, is checked again."""
    index: int = -1
    try:
        while True:
            index = items.index(wanted, index + 1)
            if same(items[index], wanted):
                return index
    except ValueError:
        return -1


def _last_index_of(items: Any, wanted: Any, spend: Spend) -> int:
    return next((index for index in reversed(range(len(items))) if same(items[index], wanted, spend)), -1)


def _sub_list(items: Any, begin: int, end: int) -> Any:
    if not 0 <= begin <= end <= len(items):
        raise PelEvaluationError(f"a list of {len(items)} items has no part from {begin} to {end}")
    return list(items[begin:end])


def _add(items: list[Any], *where_and_what: Any) -> bool | None:
    """`add(item)` returns true, `add(index, item)` nothing, as in Java."""
    _check_size(items, 1)
    if len(where_and_what) == 1:
        items.append(where_and_what[0])
        return True
    index = to_position(where_and_what[0])
    items.insert(_checked(items, index, len(items)), where_and_what[1])
    return None


def _add_all(items: list[Any], *where_and_what: Any) -> bool:
    added = list(only_list(where_and_what[-1]))
    _check_size(items, len(added))
    index = to_position(where_and_what[0]) if len(where_and_what) > 1 else len(items)
    _checked(items, index, len(items))
    items[index:index] = added
    return bool(added)


def _check_size(items: list[Any], added: int) -> None:
    if len(items) + added > MAX_ITEMS:
        raise PelEvaluationError(f"the list becomes longer than {MAX_ITEMS:,} items")


def _remove(items: list[Any], what: Any, spend: Spend) -> Any:
    """`remove(number)` removes and returns the item at that index, `remove(other)` returns whether it was there."""
    if is_number(what) and isinstance(what, int):
        return items.pop(_checked(items, what, len(items) - 1))
    index = _index_of(items, what, spend)
    if index >= 0:
        del items[index]
    return index >= 0


def _keep(items: list[Any], others: Any, *, listed: bool, spend: Spend) -> bool:
    kept = [each for each in items if _contains(others, each, spend) is listed]
    changed = len(kept) < len(items)
    items[:] = kept
    return changed


def _set(items: list[Any], index: int, new: Any) -> Any:
    old = item(items, index)
    items[index] = new
    return old


def _sort(items: list[Any], comparator: Any, spend: Spend) -> None:
    spend(len(items) * len(items).bit_length() * ITEM_COST // 2)
    if comparator is not None:
        raise PelEvaluationError(f"sort(…) takes null, for the natural order, not {kind(comparator)}")
    items.sort(key=cmp_to_key(compare))


LIST_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "add": Method(_add, (anything, anything), optional=1, changes=True),
        "addAll": Method(_add_all, (anything, anything), optional=1, changes=True),
        "clear": Method(lambda items: items.clear(), changes=True),
        "contains": Method(_contains, (anything,), scans=True, compares=True),
        "containsAll": Method(_contains_all, (only_list,), scans=True, compares=True),
        "equals": Method(same, (anything,), compares=True),
        "get": Method(item, (to_position,)),
        "hashCode": Method(hash_code),
        "indexOf": Method(_index_of, (anything,), scans=True, compares=True),
        "isEmpty": Method(lambda items: not items),
        "lastIndexOf": Method(_last_index_of, (anything,), scans=True, compares=True),
        "remove": Method(_remove, (anything,), changes=True, scans=True, compares=True),
        "removeAll": Method(partial(_keep, listed=False), (only_list,), changes=True, scans=True, compares=True),
        "retainAll": Method(partial(_keep, listed=True), (only_list,), changes=True, scans=True, compares=True),
        "set": Method(_set, (to_position, anything), changes=True),
        "size": Method(len),
        "sort": Method(_sort, (anything,), changes=True, compares=True),
        "subList": Method(_sub_list, (to_position, to_position)),
        "toArray": Method(Array),
        "toString": Method(to_text),
    }
)

ARRAY_METHODS: Mapping[str, Method] = MappingProxyType(
    {"equals": Method(lambda items, other: items is other, (anything,))}
)
