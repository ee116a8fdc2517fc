"""Calls a method of a value: only those on the list of the value's type exist, everything else is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.errors import suggestion
from pfnb.language.pel.frame import Frame
from pfnb.language.pel.list_methods import ARRAY_METHODS, LIST_METHODS
from pfnb.language.pel.map_methods import ENTRY_METHODS, MAP_METHODS
from pfnb.language.pel.method import Method, anything
from pfnb.language.pel.number_methods import BOOLEAN_METHODS, DECIMAL_METHODS, INTEGER_METHODS
from pfnb.language.pel.printing import to_text
from pfnb.language.pel.text_methods import TEXT_METHODS
from pfnb.language.pel.values import Array, Entry, is_list, is_map, kind, same

METHODS_THAT_BLOCK = frozenset(name for name, method in TEXT_METHODS.items() if method.timed)
"""Names of methods that may take long, as they match regular expressions."""

COPYING_METHODS = frozenset({"keySet", "values", "entrySet", "subList", "split", "toArray", "toCharArray"})
"""Names of methods whose result is no part of the value they are called on, so that changing it would change nothing."""

_OTHER_METHODS: Mapping[str, Method] = MappingProxyType(
    {"equals": Method(same, (anything,)), "toString": Method(to_text)}
)


def call_method(target: Any, name: str, given: list[Any], frame: Frame, *, fixed: bool) -> Any:
    """What `target.name(*given)` answers; `fixed` refuses methods that would change the target."""
    table = _methods_of(target)
    method = table.get(name)
    if method is None:
        raise _unknown(target, name, table)
    if method.changes and (fixed or isinstance(target, tuple)):
        raise PelEvaluationError(
            f"{name}(…) cannot change a list or map that is written here or was copied: put it into a variable first"
        )
    arguments = method.arguments(name, given)
    if method.scans:
        frame.spend(len(target) * (len(arguments[0]) if name.endswith("All") else 1))
    if method.timed:
        return frame.produced(frame.timed(method.call, target, *arguments))
    result = method.call(target, *arguments)
    if name in COPYING_METHODS or isinstance(result, str):
        frame.produced(result)
    return result


def _methods_of(target: Any) -> Mapping[str, Method]:
    if target is None:
        raise PelEvaluationError("null has no methods: write ?. where it may be null")
    if isinstance(target, str):
        return TEXT_METHODS
    if isinstance(target, bool):
        return BOOLEAN_METHODS
    if isinstance(target, int):
        return INTEGER_METHODS
    if isinstance(target, float):
        return DECIMAL_METHODS
    if is_list(target):
        return ARRAY_METHODS if isinstance(target, Array) else LIST_METHODS
    if is_map(target):
        return ENTRY_METHODS if isinstance(target, Entry) else MAP_METHODS
    return _OTHER_METHODS


def _unknown(target: Any, name: str, table: Mapping[str, Method]) -> PelEvaluationError:
    if name == "getClass":
        return PelEvaluationError("getClass() is not part of this language")
    hint = "; it has an index, and .length" if isinstance(target, Array) else suggestion(name, sorted(table))
    return PelEvaluationError(f"{kind(target)} has no method '{name}'{hint}")
