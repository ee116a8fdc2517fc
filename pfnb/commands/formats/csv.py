"""Comma-separated values (RFC 4180), as lists of texts."""

from __future__ import annotations

import csv
import io
from typing import Any

from pfnb.exceptions import ParameterError

MAX_COLUMNS = 10_000
MAX_CELLS = 2_000_000


def read_rows(text: str, delimiter: str) -> list[list[str]]:
    """The lines' cells, empty lines left out. Raises ParameterError, with the line of the CSV."""
    rows, cells = [], 0
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff").rstrip("\r\n"), newline=""), delimiter=delimiter)
    try:
        for row in reader:
            cells += len(row)
            if len(row) > MAX_COLUMNS or cells > MAX_CELLS:
                many = f"{MAX_COLUMNS:,} columns" if len(row) > MAX_COLUMNS else f"{MAX_CELLS:,} cells"
                raise ParameterError(f"line {reader.line_num} of the CSV: there are more than {many}")
            if row:
                rows.append(row)
    except csv.Error as error:
        raise ParameterError(f"line {reader.line_num} of the CSV: {error}") from None
    return rows


def as_objects(headers: list[str], rows: list[list[str]]) -> list[dict[str, Any]]:
    """Each row as a map; cells that are not there are null. Raises ParameterError for cells without a header."""
    if len(set(headers)) < len(headers):
        twice = next(name for at, name in enumerate(headers) if name in headers[:at])
        raise ParameterError(f"the header {twice[:60]!r} stands there twice: rows as objects cannot have it twice")
    for number, row in enumerate(rows, 1):
        if len(row) > len(headers):
            raise ParameterError(f"row {number} has {len(row)} cells, and there are {len(headers)} headers")
    return [dict(zip(headers, [*row, *[None] * (len(headers) - len(row))], strict=True)) for row in rows]
