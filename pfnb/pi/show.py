"""Formats results for people at a terminal, and for programs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_CELL = 60
_BEYOND = re.compile(r"[^\n -~]+")
"""Characters that a terminal may act upon, and many others."""


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """One JSON document, without `indent` in one line; bytes as text if they are text. Strangers' text in it has no effect on a
    terminal: what cannot be printed is written as an escape."""
    text = json.dumps(
        value, indent=indent, ensure_ascii=False, default=lambda data: bytes(data).decode("utf-8", "replace")
    )
    return _BEYOND.sub(lambda run: run[0] if run[0].isprintable() else "".join(map(_escaped, run[0])), text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def as_text(value: Any) -> str:
    """A list of records as a table, a record as its fields, text unchanged, anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return _table(value)
    if (
        isinstance(value, dict)
        and value
        and not any(isinstance(item, (dict, list)) and item for item in value.values())
    ):
        width = max(len(str(name)) for name in value)
        return "\n".join(f"{name!s:<{width}}  {_cell(item, None)}".rstrip() for name, item in value.items())
    return as_json(value)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns; the last one has no maximum width."""
    widths = [max(len(row[index]) for row in (heads, *rows)) for index in range(len(heads))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    )


def _table(records: Sequence[Mapping[str, Any]]) -> str:
    heads = list(dict.fromkeys(str(name) for record in records for name in record))
    longest = [_CELL] * (len(heads) - 1) + [None]
    rows = [[_cell(record.get(head), most) for head, most in zip(heads, longest, strict=True)] for record in records]
    return table(heads, rows)


def _cell(value: Any, longest: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(character if character.isprintable() else " " for character in value)
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"


def status_line(line: str) -> None:
    """Show a line at the terminal that the next one replaces and an empty one removes; do nothing without a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
