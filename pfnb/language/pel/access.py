"""Reading and writing by dot and by index: keys of maps, items of lists, characters of texts. Never an attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.errors import suggestion
from pfnb.language.pel.list_methods import item
from pfnb.language.pel.map_methods import MAP_METHODS, as_key, put
from pfnb.language.pel.text_methods import character
from pfnb.language.pel.values import Array, Entry, is_list, is_map, kind, to_position


def read_property(target: Any, name: str, *, safe: bool) -> Any:
    """The value at `target.name`; `safe` is `?.`, which returns null for null and for a missing key."""
    if is_map(target) and name in target:
        return target[name]
    if target is None:
        if safe:
            return None
        raise PelEvaluationError(f"'{name}' cannot be read from null: write ?. where it may be null")
    if name == "empty" and (isinstance(target, str) or is_map(target) or is_list(target)):
        return len(target) == 0
    if name == "blank" and isinstance(target, str):
        return not target.strip()
    if name == "length" and isinstance(target, Array):
        return len(target)
    if name == "class":
        raise PelEvaluationError("'.class' is not part of this language")
    if not is_map(target):
        raise PelEvaluationError(f"{kind(target)} has no '{name}' (methods are written with parentheses)")
    if safe:
        return None
    raise _missing_key(target, name)


def _missing_key(target: Mapping[Any, Any], name: str) -> PelEvaluationError:
    variables = target.get("vars")
    explanation = getattr(target, "missing_key_hint", None)
    if explanation is not None:
        return PelEvaluationError(f"there is no key '{name}': {explanation}")
    if is_map(variables) and name in variables:
        hint = f": did you mean 'vars.{name}'?"
    elif name in MAP_METHODS:
        hint = f": did you mean the method {name}()?"
    else:
        hint = suggestion(name, target)
    return PelEvaluationError(f"there is no key '{name}'{hint}")


def write_property(target: Any, name: str, value: Any) -> None:
    if is_map(target) and not isinstance(target, Entry):
        put(target, name, value)
    elif target is None:
        raise PelEvaluationError(f"'{name}' cannot be set on null: assign a map, such as {{:}}, there first")
    else:
        raise PelEvaluationError(f"'{name}' cannot be set on {kind(target)}")


def read_index(target: Any, key: Any) -> Any:
    """The value at `target[key]`: null for a missing key of a map, an error for an index out of range."""
    if is_map(target):
        try:
            return target.get(key)
        except TypeError:  # a list or map can never be a key
            return None
    if isinstance(target, str):
        return character(target, to_position(key))
    if is_list(target):
        return item(target, to_position(key))
    raise _not_indexed(target)


def write_index(target: Any, key: Any, value: Any) -> None:
    if is_map(target) and not isinstance(target, Entry):
        put(target, as_key(key), value)
    elif isinstance(target, list):
        index = to_position(key)
        item(target, index)
        target[index] = value
    else:
        raise _not_indexed(target)


def _not_indexed(target: Any) -> PelEvaluationError:
    if target is None:
        return PelEvaluationError("null has no index: write ?.[…] where it may be null")
    return PelEvaluationError(f"{kind(target)} cannot be used with this index")
