"""The shapes of rows, for the page of the session protocol."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pfnb.rows
from tests.reference.markdown import code, table

_BASE = re.compile(r"class \w+\(([A-Z]\w+)\)")
_MODULE = re.compile(r"\b(pfnb\.rows\.\w+|typing)\.")


def rows_section() -> Iterator[str]:
    """Each row with its fields; `?` marks a field that may be missing."""
    yield "## Rows"
    yield ""
    yield "A field with a `?` may be missing."
    yield ""
    yield from table(["row", "what it is", "fields"], map(_row, _declared()))


def _declared() -> list[type]:
    modules = (module.name for module in pkgutil.iter_modules(pfnb.rows.__path__))
    names = [f"pfnb.rows.{name}" for name in modules if name != "inspector"]  # those go from kernels to browsers
    found = [one for name in names for one in vars(import_module(name)).values() if _is_of(one, name)]
    return sorted(found, key=lambda row: row.__name__)


def _is_of(value: object, module: str) -> bool:
    return is_typeddict(value) and value.__module__ == module and not value.__name__.startswith("_")


def _row(row: type) -> list[str]:
    hints, base = get_type_hints(row, include_extras=True), _base(row)
    begin = [] if base is None else [f"as {code(base.__name__)}"]
    inherited = {} if base is None else get_type_hints(base)
    fields = [_field(name, kind) for name, kind in hints.items() if name not in inherited]
    return [code(row.__name__), inspect.getdoc(row) or "", ", ".join([*begin, *fields])]


def _base(row: type) -> type | None:
    """The row that this one extends. A TypedDict does not know, but its source says it."""
    found = _BASE.match(inspect.getsource(row))
    base = found and vars(import_module(row.__module__)).get(found[1])
    return base if is_typeddict(base) else None


def _field(name: str, kind: object) -> str:
    optional = get_origin(kind) is NotRequired
    kind = get_args(kind)[0] if optional else kind
    said = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
    return f"{code(name)}{'?' * optional}: {_MODULE.sub('', said)}"
