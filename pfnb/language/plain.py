"""Converts Python values to pipeline values, which are JSON and bytes. The only such conversion.

Types of other libraries are recognised by the value itself: nothing is imported for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from math import isfinite
from pathlib import PurePath
from typing import Any, NoReturn
from uuid import UUID

from pfnb.exceptions import ParameterError

MAX_DEPTH = 200
"""Maximum nesting: a value that contains itself would never end."""
_AS_TEXT = (UUID, PurePath, IPv4Address, IPv6Address)
_LISTS: tuple[type[Iterable[Any]], ...] = (list, tuple, deque, range, Set, type({}.keys()), type({}.values()))


def plain(value: Any, what: str = "the value", *, with_bytes: bool = True) -> Any:
    """The value in plain form; one that is already plain is returned as it is.

    Numbers and arrays of numpy, tables of pandas and Polars (lists of rows), dates (ISO 8601), Decimal, UUID, Path, enums, sets,
    dataclasses and pydantic models have a plain form; NaN and other missing values become null; bytes stay bytes, or are
    refused if `with_bytes` is false. Raises ParameterError for anything else, with its place in `what` and its type.
    """
    return value if type(value) in _SCALARS else _Conversion(what, with_bytes).of(value, None, 0)


@dataclass(frozen=True, slots=True)
class _Place:
    """A position within the value; only an error turns it into text."""

    outer: _Place | None
    key: Any


class _Conversion:
    """The conversion of one value; what occurs in it several times is converted once and stays shared."""

    def __init__(self, what: str, with_bytes: bool) -> None:
        self._what = what
        self._with_bytes = with_bytes
        self._done: dict[int, tuple[Any, Any]] = {}

    def of(self, value: Any, place: _Place | None, depth: int) -> Any:
        kind = type(value)
        if kind in _SCALARS:
            return value
        if kind is float:
            return value if isfinite(value) else None
        if kind is bytes:
            return value if self._with_bytes else self._refuse(value, place)
        if depth > MAX_DEPTH:
            raise ParameterError(f"{self._what} is nested more than {MAX_DEPTH} deep, or contains itself")
        done = self._done.get(id(value))
        if done is not None:
            return done[1]
        made = self._made(value, place, depth)
        self._done[id(value)] = value, made  # keep the value, or its id could be reused
        return made

    def _made(self, value: Any, place: _Place | None, depth: int) -> Any:
        if isinstance(value, Mapping):
            return self._map(value, place, depth)
        if isinstance(value, _LISTS):
            return self._list(value, place, depth)
        simpler = _simpler(value)
        return self._refuse(value, place) if simpler is _NOTHING else self.of(simpler, place, depth + 1)

    def _map(self, value: Mapping[Any, Any], place: _Place | None, depth: int) -> Any:
        made: dict[str, Any] = {}
        same = type(value) is dict
        for key, item in value.items():
            name = key if type(key) is str else self._key(key, place)
            new = item if type(item) in _SCALARS else self.of(item, _Place(place, name), depth + 1)
            same = same and name is key and new is item
            made[name] = new
        return value if same else made

    def _list(self, value: Iterable[Any], place: _Place | None, depth: int) -> Any:
        made: list[Any] = []
        same = type(value) is list
        for index, item in enumerate(value):
            new = item if type(item) in _SCALARS else self.of(item, _Place(place, index), depth + 1)
            same = same and new is item
            made.append(new)
        return value if same else made

    def _key(self, key: Any, place: _Place | None) -> str:
        """As JSON writes keys that are not texts."""
        place = _Place(place, "(key)")
        text = self.of(key, place, MAX_DEPTH - 10)
        if text is None or isinstance(text, bool):
            return {None: "null", True: "true", False: "false"}[text]
        return str(text) if isinstance(text, (str, int, float)) else self._refuse(key, place)

    def _refuse(self, value: Any, place: _Place | None) -> NoReturn:
        where = ""
        while place is not None:
            where = (f"[{place.key}]" if isinstance(place.key, int) else f".{place.key}") + where
            place = place.outer
        raise ParameterError(
            f"{self._what}{where} is of the type {_name(type(value))}, which JSON cannot represent: convert it to a text, a "
            "number, a list or a map"
        )


_NOTHING = object()
_DOUBLE = 8
"""Bytes of a Python number with a fraction."""
_SCALARS = frozenset({type(None), bool, int, str})


def _simpler(value: Any) -> Any:
    """The value in simpler types, which may need further conversion; _NOTHING if there are none."""
    library = type(value).__module__.partition(".")[0]
    if library in _LIBRARIES:
        found = _LIBRARIES[library](value)
        if found is not _NOTHING:
            return found
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if callable(getattr(type(value), "model_dump", None)):  # pydantic's models
        return value.model_dump(by_alias=True)
    return _of_builtin(value)


def _of_builtin(value: Any) -> Any:
    if isinstance(value, (bool, int, str)):  # of a subclass
        return (bool if isinstance(value, bool) else int if isinstance(value, int) else str.__str__)(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, Decimal):
        return _number(value)
    return str(value) if isinstance(value, _AS_TEXT) else _NOTHING


def _of_numpy(value: Any) -> Any:
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in "mM" and kind:  # `tolist` would give whole numbers for nanoseconds
        return value.astype(f"{'datetime64' if kind == 'M' else 'timedelta64'}[us]").tolist()
    if kind == "f" and value.dtype.itemsize > _DOUBLE:  # `tolist` would give long doubles again
        value = value.astype("f8")
    return value.tolist() if kind and kind != "V" else _NOTHING


def _of_pandas(value: Any) -> Any:
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        table = value.reset_index() if any(name is not None for name in value.index.names) else value
        return table.to_dict("records")
    if hasattr(value, "tolist"):
        return value.tolist()
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "to_pydatetime"):
        return value.isoformat()
    return str(value) if type(value).__name__ in ("Period", "Interval") else _NOTHING


def _of_tables(value: Any) -> Any:
    """Of Polars and Arrow."""
    ways = (getattr(value, name, None) for name in ("to_dicts", "to_list", "to_pylist", "as_py"))
    way = next(filter(callable, ways), None)
    return _NOTHING if way is None else way()


_LIBRARIES: dict[str, Callable[[Any], Any]] = {
    "numpy": _of_numpy, "pandas": _of_pandas, "polars": _of_tables, "pyarrow": _of_tables,
}  # fmt: skip


def _duration(value: timedelta) -> str:
    """ISO 8601, in seconds."""
    seconds = Decimal(value // timedelta(microseconds=1)) / 1_000_000
    return f"{'-' if seconds < 0 else ''}PT{abs(seconds).normalize():f}S"


def _number(value: Decimal) -> int | float | str | None:
    """The same number; as text if a double would lose digits."""
    if not value.is_finite():
        return None
    if value == value.to_integral_value() and value.adjusted() < 40:
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
