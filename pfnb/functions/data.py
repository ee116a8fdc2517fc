"""`@data`: creating, changing, measuring and querying values."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from decimal import Decimal
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import function, registry
from pfnb.functions.arguments import check_count, flat, plain_text
from pfnb.language.budget import current
from pfnb.language.pel import evaluate
from pfnb.language.pel.literal_text import LiteralText
from pfnb.language.pel.units import count_units

MAX_LEVELS = 64
"""Maximum number of parts of a path for `@data.set`."""

_AS = re.compile(r"(.*\S)\s+AS\s+(\S+)\s*", re.DOTALL)


@function("data.set")
def set_value(data: Any, path: str, value: Any) -> Any:
    """Set a value at a path of keys, in the map itself, and return the map; missing maps on the path are created.

    Example:
        @data.set({:}, 'person.name', 'Ada')  # => {"person": {"name": "Ada"}}
    """
    *before, last = path.split(".")
    if len(before) >= MAX_LEVELS:
        raise ParameterError(f"a path may have at most {MAX_LEVELS} parts")
    holder = _map(data, path)
    for key in before:
        if holder.get(key) is None:
            holder[key] = {}
        holder = _map(holder[key], path)
    holder[last] = value
    return data


@function("data.put")
def put(data: Any, key: Any, value: Any) -> Any:
    """Set a value at a key, in the map itself, and return the map.

    Example:
        @data.put({a: 1}, 'b', 2)  # => {"a": 1, "b": 2}
    """
    holder = _map(data, plain_text(key))
    check_count(len(holder) + 1)
    holder[plain_text(key)] = value
    return data


def _map(data: Any, where: str) -> MutableMapping[str, Any]:
    if isinstance(data, MutableMapping):
        return data
    raise ParameterError(f"'{where[:80]}' cannot be set: its parent is not a map")


@function("data.select")
def select(value: Any, *selections: LiteralText | list[LiteralText]) -> Any:
    """The results of expressions over a value. A single one returns its value; several return a map, with ` AS name` for the
    key of each. They must be quoted literals: a computed text is never evaluated.

    Example:
        @data.select({person: {name: 'Ada'}}, 'person.name')  # => "Ada"
        @data.select({tags: {1, 2}}, 'tags.size() AS count')  # => {"count": 2}
    """
    wanted = [plain_text(each) for each in flat(selections) if each]
    if len(wanted) == 1 and not _AS.fullmatch(wanted[0]):
        return evaluate(wanted[0], value, registry)
    selected, left = {}, current()
    for each in wanted:
        left.check()
        named = _AS.fullmatch(each)
        expression, name = (named[1], named[2]) if named else (each, each)
        selected[name] = evaluate(expression, value, registry)
    return selected


@function("data.integerList")
def integer_list(start_int: int, end_int: int) -> list[int]:
    """The whole numbers from start to end, both included.

    Example:
        @data.integerList(2, 5)  # => [2, 3, 4, 5]
    """
    check_count(end_int - start_int + 1)
    return list(range(start_int, end_int + 1))


@function("data.size")
def size(value: Any) -> int:
    """How many items, keys or characters the value has; 0 for null and for what cannot be counted.

    Example:
        @data.size({a: 1, b: 2})  # => 2
    """
    if isinstance(value, str):
        return count_units(value)
    return len(value) if isinstance(value, (list, tuple, dict, bytes)) else 0


@function("data.isEmpty")
def is_empty(data: Any) -> bool:
    """Whether the value is null, or a list, map or text with nothing in it.

    Example:
        @data.isEmpty({:})  # => true
    """
    return data is None or (isinstance(data, (list, tuple, dict, str, bytes)) and not data)


@function("data.has")
def has(data: Any, attribute: str) -> bool:
    """Whether the map has the key.

    Example:
        @data.has({a: null}, 'a')  # => true
    """
    return isinstance(data, dict) and attribute in data


@function("data.emptyObject")
def empty_object() -> dict[str, Any]:
    """A new empty map.

    Example:
        @data.emptyObject()  # => {}
    """
    return {}


@function("data.emptyList")
def empty_list() -> list[Any]:
    """A new empty list.

    Example:
        @data.emptyList()  # => []
    """
    return []


@function("data.get")
def get(data: Any, attribute: str) -> Any:
    """The value of a key; null if the map is null or lacks it.

    Example:
        @data.get({a: 1}, 'a')  # => 1
        @data.get(null, 'a')  # => null
    """
    return data.get(attribute) if isinstance(data, Mapping) else None


@function("data.keys")
def keys(data: Any) -> list[str]:
    """The keys of a map; an empty list for null and for other values.

    Example:
        @data.keys({a: 1, b: 2})  # => ["a", "b"]
    """
    return [plain_text(key) for key in data] if isinstance(data, Mapping) else []


@function("data.type")
def type_of(data: Any) -> str:
    """The type of a value in JSON: `object`, `array`, `string`, `number`, `boolean` or `null`.

    Example:
        @data.type({1, 2})  # => "array"
    """
    if data is None:
        return "null"
    if isinstance(data, bool):
        return "boolean"
    if isinstance(data, (int, float, Decimal)):
        return "number"
    if isinstance(data, Mapping):
        return "object"
    return "array" if isinstance(data, (list, tuple)) else "string"


@function("data.isType")
def is_type(data: Any, type: str) -> bool:  # noqa: A002 - PIPEFORCE's word
    """Whether a value is of a type, as `@data.type` names it.

    Example:
        @data.isType(1.5, 'number')  # => true
    """
    return type_of(data) == type.strip().lower()


@function("data.isArray")
def is_array(data: Any) -> bool:
    """Whether a value is a list.

    Example:
        @data.isArray({1, 2})  # => true
    """
    return type_of(data) == "array"


@function("data.isBoolean")
def is_boolean(data: Any) -> bool:
    """Whether a value is true or false.

    Example:
        @data.isBoolean('true')  # => false
    """
    return type_of(data) == "boolean"


@function("data.isNumber")
def is_number(data: Any) -> bool:
    """Whether a value is a number. A text that spells one is not.

    Example:
        @data.isNumber(5)  # => true
    """
    return type_of(data) == "number"


@function("data.isObject")
def is_object(data: Any) -> bool:
    """Whether a value is a map.

    Example:
        @data.isObject({a: 1})  # => true
    """
    return type_of(data) == "object"


@function("data.isString")
def is_string(data: Any) -> bool:
    """Whether a value is a text.

    Example:
        @data.isString('a')  # => true
    """
    return type_of(data) == "string"


@function("data.isNull")
def is_null(data: Any) -> bool:
    """Whether a value is null.

    Example:
        @data.isNull(null)  # => true
    """
    return data is None
