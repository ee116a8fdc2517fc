"""The methods of a map and of its entries: those of `java.util.Map` that need no code passed in."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.hashing import hash_code
from pfnb.language.pel.limits import MAX_ITEMS
from pfnb.language.pel.method import Method, anything, only_map
from pfnb.language.pel.printing import to_text
from pfnb.language.pel.values import Entry, Spend, kind, same


def as_key(value: Any) -> Any:
    """What can be a key; lists and maps cannot."""
    if isinstance(value, Hashable) and not isinstance(value, tuple):
        return value
    raise PelEvaluationError(f"{kind(value)} cannot be the key of a map")


def put(target: Any, key: Any, value: Any) -> Any:
    """Set a key and return the previous value, or null."""
    old = target.get(key)
    if old is None and len(target) >= MAX_ITEMS and key not in target:
        raise PelEvaluationError(f"the map becomes larger than {MAX_ITEMS:,} keys")
    target[key] = value
    return old


def _put_all(target: Any, others: Any) -> None:
    for key, value in list(others.items()):
        put(target, key, value)


def _put_if_absent(target: Any, key: Any, value: Any) -> Any:
    return target[key] if target.get(key) is not None else put(target, key, value)


def _remove(target: Any, key: Any, *expected: Any, spend: Spend) -> Any:
    """`remove(key)` returns the old value, `remove(key, value)` whether the key had that value and was removed."""
    if not expected:
        return target.pop(key, None)
    if key not in target or not same(target[key], expected[0], spend):
        return False
    del target[key]
    return True


def _contains_value(target: Any, value: Any, spend: Spend) -> bool:
    return any(same(each, value, spend) for each in target.values())


def _replace(target: Any, key: Any, value: Any) -> Any:
    return put(target, key, value) if key in target else None


MAP_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "clear": Method(lambda target: target.clear(), changes=True),
        "containsKey": Method(lambda target, key: key in target, (as_key,)),
        "containsValue": Method(_contains_value, (anything,), scans=True, compares=True),
        "entrySet": Method(lambda target: [Entry(key, value) for key, value in target.items()]),
        "equals": Method(same, (anything,), compares=True),
        "get": Method(lambda target, key: target.get(key), (as_key,)),
        "getOrDefault": Method(lambda target, key, default: target.get(key, default), (as_key, anything)),
        "hashCode": Method(hash_code),
        "isEmpty": Method(lambda target: not target),
        "keySet": Method(lambda target: list(target)),
        "put": Method(put, (as_key, anything), changes=True),
        "putAll": Method(_put_all, (only_map,), changes=True),
        "putIfAbsent": Method(_put_if_absent, (as_key, anything), changes=True),
        "remove": Method(_remove, (as_key, anything), optional=1, changes=True, compares=True),
        "replace": Method(_replace, (as_key, anything), changes=True),
        "size": Method(len),
        "toString": Method(to_text),
        "values": Method(lambda target: list(target.values())),
    }
)

ENTRY_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "equals": Method(same, (anything,), compares=True),
        "getKey": Method(lambda entry: entry["key"]),
        "getValue": Method(lambda entry: entry["value"]),
        "hashCode": Method(hash_code),
        "toString": Method(to_text),
    }
)
