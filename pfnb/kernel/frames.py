"""What came as a table becomes a pandas one. pandas is optional, and loaded when it is first asked for."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pfnb.exceptions import MissingPackageError

if TYPE_CHECKING:
    from pandas import DataFrame

    from pfnb.kernel.event import Event

_READERS = {
    "read_csv": {"csv", "tsv", "tab", "text/csv", "text/tab-separated-values"},
    "read_json": {"json", "application/json"},
    "read_excel": {
        "xlsx", "xls", "ods", "application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    },
    "read_parquet": {"parquet", "application/vnd.apache.parquet"},
}  # fmt: skip
_TABBED = {"tsv", "tab", "text/tab-separated-values"}


def file_frame(data: bytes, content_type: str, name: str, options: Mapping[str, Any]) -> DataFrame:
    """The table in a file, whose kind its content type tells, or the end of its name."""
    kinds = [content_type.partition(";")[0].strip().lower(), PurePosixPath(name).suffix.lower().lstrip(".")]
    for kind in kinds:
        for reader, known in _READERS.items():
            if kind in known:
                given = {"sep": "\t", **options} if kind in _TABBED else options
                return _read(getattr(_pandas(), reader), io.BytesIO(data), given)
    raise ValueError(
        f"a file of type {content_type or 'unknown'} is no table that pandas reads here: it may be CSV, TSV, JSON, Excel or "
        "Parquet; read() has its bytes"
    )


def event_frame(event: Event, options: Mapping[str, Any]) -> DataFrame:
    """The table in an event's body."""
    if event.files:
        raise ValueError("this event has files: event.files[0].to_pandas() reads the first")
    kind = event.content_type.partition(";")[0].strip().lower()
    if kind in _READERS["read_csv"]:
        return file_frame(event.body, kind, "", options)
    pandas = _pandas()
    if event.fields:
        return pandas.DataFrame([event.fields], **options)
    value = event.json()
    if not isinstance(value, dict | list):
        raise ValueError(f"the body is {value!r:.60}, and a table is made of an object or a list of objects")
    return pandas.json_normalize(value, **options)


def rows_frame(rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """Log rows, one a line."""
    from pfnb.kernel.display.entry import delivery_state

    pandas = _pandas()
    columns = ("id", "created", "key", "method", "content_type", "size", "status", "files", "trace_id")
    frame = pandas.DataFrame(
        [
            (
                row["id"],
                row["created"],
                row["eventKey"],
                row["method"],
                row.get("contentType"),
                row.get("contentLength"),
                delivery_state(row)[0],
                [file["filename"] for file in row.get("files") or ()],
                row["traceId"],
            )
            for row in rows
        ],
        columns=columns,
    )
    frame["created"] = pandas.to_datetime(frame["created"], unit="ms", utc=True)
    return frame


def _pandas() -> Any:
    try:
        return import_module("pandas")
    except ImportError as error:
        raise MissingPackageError("tables are made by pandas: pip install 'pfnb[pandas]'") from error


def _read(reader: Callable[..., Any], source: io.BytesIO, options: Mapping[str, Any]) -> Any:
    try:
        return reader(source, **options)
    except ImportError as error:
        raise MissingPackageError(f"pandas reads this kind of file with another package: {error}") from error
