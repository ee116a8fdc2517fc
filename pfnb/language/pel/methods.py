"""Calls a method of a value: only those listed for the value's type exist; an error names any other."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.errors import suggestion
from pfnb.language.pel.frame import Frame
from pfnb.language.pel.limits import LIGHT
from pfnb.language.pel.list_methods import ARRAY_METHODS, LIST_METHODS
from pfnb.language.pel.map_methods import ENTRY_METHODS, MAP_METHODS
from pfnb.language.pel.method import Method, anything
from pfnb.language.pel.number_methods import BOOLEAN_METHODS, DECIMAL_METHODS, INTEGER_METHODS
from pfnb.language.pel.printing import to_text
from pfnb.language.pel.text_methods import TEXT_METHODS
from pfnb.language.pel.values import Array, Entry, is_list, is_map, kind, same

METHODS_THAT_BLOCK = frozenset(name for name, method in TEXT_METHODS.items() if method.timed)
"""Names of methods that may take long, since they match regular expressions."""

METHODS_THAT_CHANGE = frozenset(
    name for table in (LIST_METHODS, MAP_METHODS) for name, method in table.items() if method.changes
) - {"replace"}
"""Names of methods that change their target. Without `replace`, which is nearly always that of a text and changes nothing."""

COPYING_METHODS = frozenset({"keySet", "values", "entrySet", "subList", "split", "toArray", "toCharArray"})
"""Names of methods whose result is not a part of their target, so that changing it would have no effect."""

_OTHER_METHODS: Mapping[str, Method] = MappingProxyType(
    {"equals": Method(same, (anything,)), "toString": Method(to_text)}
)


def call_method(target: Any, name: str, given: list[Any], frame: Frame, *, fixed: bool) -> Any:
    """Call `target.name(*given)`; `fixed` refuses methods that would change the target."""
    table = _methods_of(target)
    method = table.get(name)
    if method is None:
        raise _unknown(target, name, table)
    if method.changes and (fixed or isinstance(target, tuple)):
        raise PelEvaluationError(
            f"{name}(…) cannot change a list or map that is written here or was copied: put it into a variable first"
        )
    arguments = method.arguments(name, given)
    if target.__class__ is str:
        if len(target) > LIGHT:
            frame.scan(target, method.weight)
        for argument in arguments:
            if argument.__class__ is str and len(argument) > LIGHT:
                frame.scan(argument, method.weight)
    if method.scans:
        frame.spend(len(target) * (len(arguments[0]) if name.endswith("All") else 1))
    if method.timed:
        return frame.produced(frame.timed(method.call, target, *arguments))
    if method.changes and name not in METHODS_THAT_CHANGE:
        frame.changed = True
    if method.compares:
        return method.call(target, *arguments, spend=frame.spend)
    result = method.call(target, *arguments)
    if not method.changes and (name in COPYING_METHODS or isinstance(result, str)):
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
