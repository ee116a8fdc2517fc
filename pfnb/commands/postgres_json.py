"""The operators and functions of PostgreSQL for JSON, as functions of a SQLite database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from pfnb.exceptions import ParameterError


def functions() -> dict[str, tuple[int, Callable[..., Any]]]:
    """Name: number of arguments (-1: any), function. JSON is passed as its text. A null
    gives null."""
    loaded = lru_cache(1_000)(_loaded)

    def strict(body: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: None if None in given else body(*given)

    def get(text: Any, key: Any) -> Any:
        return _item(loaded(text), key)

    def path(text: Any, names: Any) -> Any:
        value = loaded(text)
        for name in _names(names):
            value = _item(value, _index(name) if isinstance(value, list) else name)
        return value

    def set_(text: Any, names: Any, new: Any, create: Any = 1) -> str:
        return _dumped(_with(loaded(text), _names(names), loaded(new), bool(create)))

    return {
        "pg_json": (1, strict(lambda text: (loaded(text), text)[1])),
        "pg_get": (2, strict(lambda text, key: _json_or_null(get(text, key)))),
        "pg_get_text": (2, strict(lambda text, key: _as_text(get(text, key)))),
        "pg_path": (2, strict(lambda text, names: _json_or_null(path(text, names)))),
        "pg_path_text": (2, strict(lambda text, names: _as_text(path(text, names)))),
        "pg_has_key": (2, strict(lambda text, key: _has_key(loaded(text), key))),
        "pg_contains": (2, strict(lambda text, part: _contains(loaded(text), loaded(part)))),
        "pg_matches": (2, strict(_matches)),
        "pg_to_json": (2, lambda value, boolean: None if value is None else _dumped(bool(value) if boolean else value)),
        "pg_set": (-1, strict(set_)),
        "pg_strip_nulls": (1, strict(lambda text: _dumped(_stripped(loaded(text))))),
        "pg_build_object": (-1, lambda *given: _object(given)),
        "pg_array_length": (1, strict(lambda text: _length(loaded(text)))),
        "pg_integer": (1, strict(lambda value: _number(value, int))),
        "pg_number": (1, strict(lambda value: _number(value, float))),
        "pg_boolean": (1, strict(_boolean)),
    }


def _loaded(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise ParameterError(f"{str(text)[:80]!r} is not JSON: select properties with a JSON value only") from None


_MISSING = object()


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key, _MISSING)
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return _MISSING


def _names(path: Any) -> list[str]:
    """`{a, 1}` as its parts."""
    if not (isinstance(path, str) and path.startswith("{") and path.endswith("}")):
        raise ParameterError(f"a path is written as '{{a, b, 0}}', not {str(path)[:80]!r}")
    inner = path[1:-1].strip()
    return [name.strip().strip('"') for name in inner.split(",")] if inner else []


def _index(name: str) -> int | str:
    return int(name) if re.fullmatch(r"-?\d{1,9}", name, re.ASCII) else name


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json_or_null(value: Any) -> str | None:
    return None if value is _MISSING else _dumped(value)


def _as_text(value: Any) -> str | None:
    if value is _MISSING or value is None:
        return None
    return value if isinstance(value, str) else _dumped(value)


def _has_key(value: Any, key: str) -> bool:
    return key in value if isinstance(value, dict | list) else value == key


def _contains(whole: Any, part: Any) -> bool:
    """`@>`."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and _contains(whole[name], one) for name, one in part.items())
    if isinstance(whole, list):
        return all(any(_contains(item, one) for item in whole) for one in (part if isinstance(part, list) else [part]))
    return type(whole) is type(part) and bool(whole == part)


def _matches(text: Any, pattern: Any) -> bool:
    try:
        return re.search(pattern, str(text)) is not None
    except (re.error, RecursionError) as error:
        raise ParameterError(f"{pattern!r} is not a regular expression: {error}") from None


def _with(value: Any, names: list[str], new: Any, create: bool) -> Any:
    """A copy with a value set at a path; unchanged if the path to it does not exist."""
    if not names:
        return value
    name, *rest = names
    if isinstance(value, dict) and (name in value or (create and not rest)):
        return {**value, name: _with(value.get(name), rest, new, create) if rest else new}
    if isinstance(value, list) and isinstance(place := _index(name), int):
        if -len(value) <= place < len(value):
            changed = list(value)
            changed[place] = _with(value[place], rest, new, create) if rest else new
            return changed
        if create and not rest:
            return [new, *value] if place < 0 else [*value, new]
    return value


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _stripped(one) for name, one in value.items() if one is not None}
    return [_stripped(one) for one in value] if isinstance(value, list) else value


def _object(given: Sequence[Any]) -> str:
    if len(given) % 2:
        raise ParameterError("json_build_object takes pairs of a name and a value")
    pairs = (f"{_dumped(str(name))}: {value or 'null'}" for name, value in zip(given[::2], given[1::2], strict=True))
    return f"{{{', '.join(pairs)}}}"


def _length(value: Any) -> int:
    if not isinstance(value, list):
        raise ParameterError("json_array_length takes an array")
    return len(value)


def _number(value: Any, to: type[int] | type[float]) -> int | float:
    with suppress(ValueError, OverflowError):
        return round(value) if to is int and isinstance(value, float) else to(value)
    raise ParameterError(f"{str(value)[:80]!r} is not {'an integer' if to is int else 'a number'}")


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in ("true", "t", "yes", "y", "on", "1", "false", "f", "no", "n", "off", "0"):
        return word in ("true", "t", "yes", "y", "on", "1")
    raise ParameterError(f"{str(value)[:80]!r} is not true or false")


class Gathered:
    """`json_agg`."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def step(self, text: str | None) -> None:
        self._texts.append("null" if text is None else text)

    def finalize(self) -> str | None:
        return f"[{','.join(self._texts)}]" if self._texts else None
