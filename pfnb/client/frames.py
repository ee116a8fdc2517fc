"""Tables in files and bodies as pandas data frames. pandas is optional, and loaded on first use."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pfnb.exceptions import MissingPackageError
from pfnb.language.charset import charset_of, document_text
from pfnb.language.media_types import media_type
from pfnb.rows.event import EventRow

if TYPE_CHECKING:
    from pandas import DataFrame

    from pfnb.client.event import Event

_READERS = {
    "read_csv": {"csv", "tsv", "tab", "text/csv", "text/tab-separated-values"},
    "read_json": {"json", "application/json"},
    "read_excel": {
        "xlsx", "xls", "ods", "application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    },
    "read_parquet": {"parquet", "application/vnd.apache.parquet"},
}  # fmt: skip
_TEXTS = ("read_csv", "read_json")
_TABBED = {"tsv", "tab", "text/tab-separated-values"}


def file_frame(data: bytes, content_type: str, name: str, options: Mapping[str, Any]) -> DataFrame:
    """The table in a file. Its content type, else its file name extension, decides the format."""
    kinds = [media_type(content_type), PurePosixPath(name).suffix.lower().lstrip(".")]
    for kind in kinds:
        for reader, known in _READERS.items():
            if kind in known:
                given = {"sep": "\t", **options} if kind in _TABBED else options
                return _read(getattr(_pandas(), reader), _source(data, content_type, reader, options), given)
    raise ValueError(
        f"a file of type {content_type or 'unknown'} is not a table that pandas can read here: use CSV, TSV, JSON, Excel or "
        "Parquet, or read() for its bytes"
    )


def event_frame(event: Event, options: Mapping[str, Any]) -> DataFrame:
    """The table in an event's body."""
    if event.files:
        raise ValueError("this event has files: event.files[0].to_pandas() reads the first")
    kind = media_type(event.content_type)
    if kind in _READERS["read_csv"]:
        return file_frame(event.decoded, event.content_type, "", options)
    pandas = _pandas()
    if event.fields:
        return pandas.DataFrame([event.fields], **options)
    value = event.json()
    if not isinstance(value, dict | list):
        raise ValueError(f"the body is {value!r:.60}, but a table needs an object or a list of objects")
    return pandas.json_normalize(value, **options)


def _source(data: bytes, content_type: str, reader: str, options: Mapping[str, Any]) -> io.BytesIO | io.StringIO:
    """Text formats are decoded here, as everywhere, unless the options have an `encoding`: then pandas gets the bytes."""
    if reader not in _TEXTS or "encoding" in options:
        return io.BytesIO(data)
    return io.StringIO(document_text(data, charset_of(content_type)), newline="")


def rows_frame(rows: Iterable[EventRow]) -> DataFrame:
    """Log rows as a table, one row each."""
    from pfnb.display.entry import delivery_state

    pandas = _pandas()
    columns = ("id", "created", "key", "method", "content_type", "size", "status", "files", "trace_id")
    frame = pandas.DataFrame(
        [
            (
                row["id"],
                row["created"],
                row["eventKey"],
                row["method"],
                row["contentType"],
                row["contentLength"],
                delivery_state(row)[0],
                [file["filename"] for file in row["files"]],
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
        raise MissingPackageError("tables need pandas: pip install 'pfnb[pandas]'") from error


def _read(reader: Callable[..., Any], source: io.BytesIO | io.StringIO, options: Mapping[str, Any]) -> Any:
    try:
        return reader(source, **options)
    except ImportError as error:
        raise MissingPackageError(f"pandas needs another package for this kind of file: {error}") from error
