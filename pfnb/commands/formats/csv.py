"""Comma-separated values (RFC 4180), as lists of texts."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language import budget

MAX_COLUMNS = 10_000
MAX_CELLS = 2_000_000
_CELL_BYTES = sys.getsizeof("") + 8
_ROW_BYTES = sys.getsizeof([]) + 8


def read_csv(text: str, delimiter: str, has_headers: bool, as_maps: bool) -> tuple[list[str] | None, list[Any]]:
    """The headers, None if there are none, and the rows: lists, or maps keyed by the headers. Empty lines are left out.

    Raises ParameterError, with the line of the CSV, and RunLimitError for what takes too much memory.
    """
    rows = read_rows(text, delimiter)
    headers = rows.pop(0) if rows and has_headers else None
    return headers, as_objects(headers or [], rows) if as_maps else rows


def read_rows(text: str, delimiter: str) -> list[list[str]]:
    rows, cells = [], 0
    left = budget.current()
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff").rstrip("\r\n"), newline=""), delimiter=delimiter)
    try:
        for row in reader:
            cells += len(row)
            if len(row) > MAX_COLUMNS or cells > MAX_CELLS:
                many = f"{MAX_COLUMNS:,} columns" if len(row) > MAX_COLUMNS else f"{MAX_CELLS:,} cells"
                raise ParameterError(f"line {reader.line_num} of the CSV: there are more than {many}")
            left.take(_ROW_BYTES + _CELL_BYTES * len(row) + sum(map(len, row)))
            if row:
                rows.append(row)
    except csv.Error as error:
        raise ParameterError(f"line {reader.line_num} of the CSV: {error}") from None
    return rows


def as_objects(headers: list[str], rows: list[list[str]]) -> list[dict[str, Any]]:
    """Each row as a map; missing cells are null. Raises ParameterError for cells without a header."""
    if len(set(headers)) < len(headers):
        twice = Counter(headers).most_common(1)[0][0]
        raise ParameterError(f"the header {twice[:60]!r} occurs twice: rows as objects need unique headers")
    for number, row in enumerate(rows, 1):
        if len(row) > len(headers):
            raise ParameterError(f"row {number} has {len(row)} cells, but there are {len(headers)} headers")
    # The cells are already counted: count only the maps.
    budget.current().take(len(rows) * sys.getsizeof(dict.fromkeys(headers)))
    return [dict(zip(headers, [*row, *[None] * (len(headers) - len(row))], strict=True)) for row in rows]
