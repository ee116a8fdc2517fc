"""Estimates the size of a JSON text's value before parsing: the parser is C code, which cannot be interrupted."""

from __future__ import annotations

from collections.abc import Callable

from pfnb.language.budget import current

_CONTAINER_BYTES = 72
_VALUE_BYTES = 56
_SURELY_SMALL = 4_096


def count_json(source: str | bytes) -> None:
    """Count the value's memory and work in the step's budget. Raises RunLimitError."""
    if len(source) <= _SURELY_SMALL:
        return
    count: Callable[[str], int] = source.count if isinstance(source, str) else lambda mark: source.count(mark.encode())
    containers = min(count("[") + count("{"), count("]") + count("}"))
    values, escapes = count(","), count("\\")
    left = current()
    left.take(len(source) + _CONTAINER_BYTES * containers + _VALUE_BYTES * values)
    left.spend(containers + values + escapes)
