"""An event as Python code in a notebook sees it: the request and its files, read from the hub on demand."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pfnb.client.contents import Contents
from pfnb.exceptions import ParameterError
from pfnb.language.charset import charset_of, document_text, json_text
from pfnb.language.encodings import codings, decoded
from pfnb.rows.delivery import DeliveryRow
from pfnb.rows.event import EventObject, EventRow
from pfnb.whole_files import write_whole

if TYPE_CHECKING:
    from pandas import DataFrame

    from pfnb.client.results import Replayed

_PREVIEW = 2 * 1024 * 1024
_PREVIEWS = 8


@dataclass(frozen=True, slots=True)
class EventFile:
    """A file of a multipart request. `name` is as a stranger sent it, `sha256` is hex, `size` is in bytes.

    `field` is the form field it came in; None if that had no name.
    """

    name: str
    content_type: str
    size: int
    sha256: str
    field: str | None
    id: str
    contents: Contents = dataclass_field(repr=False, compare=False)

    def read(self) -> bytes:
        """All bytes. NotFoundError once retention has removed the event."""
        return self.contents.read(self.id, self.size)

    async def aread(self) -> bytes:
        """The same for a coroutine: `data = await file.aread()`."""
        return await self.contents.aread(self.id, self.size)

    def save(self, path: str | Path) -> Path:
        """Write the bytes to `path` and return it. You name the path: the file's own name is never used as one.

        The file is written whole or not at all; a link at `path` is replaced. ParameterError if `path` ends with the file's own
        name and that is not a plain file name.
        """
        target = Path(path)
        if target.is_dir():
            raise IsADirectoryError(f"{target} is a folder: add a file name")
        is_plain = self.name not in ("", ".", "..") and not any(sign in self.name for sign in "/\\:\0")
        if not is_plain and self.name and str(path).endswith(self.name):
            raise ParameterError(
                "the file's name, chosen by the sender, leads outside of this folder: give another name"
            )
        write_whole(target, self.read())
        return target

    def to_pandas(self, **options: Any) -> DataFrame:
        """A CSV, TSV, JSON, Excel or Parquet file as a table; `options` go to the pandas function that reads it.

        ValueError for any other file; MissingPackageError if pandas, or a package it needs for this kind, is not installed.
        """
        from pfnb.client.frames import file_frame

        return file_frame(self.read(), self.content_type, self.name, options)


class Event:
    """One accepted request, or one `event.send`.

    `entry` is its log row (as HTTP's webhook.receive.logs gives it, with `eventKey`); `data` is the event object that pipelines
    get as their body (design sections 5.2 and 6), read from the hub if not given.
    """

    def __init__(
        self, entry: EventRow, data: EventObject | None, contents: Contents, more: Sequence[Event] = ()
    ) -> None:
        self.entry = entry.copy()
        self._data = data
        self._contents = contents
        self._more = tuple(more)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of the batch that begins with this one (header `batch`), in the order in which they were received; else only
        this one."""
        return (self, *self._more)

    def among(self, more: Sequence[Event]) -> Event:
        """The same event as the first of a batch."""
        return Event(self.entry, self._data, self._contents, more)

    def only(self, wanted: Sequence[bool]) -> Event:
        """The batch with only the wanted events of it."""
        first, *more = compress(self.events, wanted)
        return first.among(more)

    @cached_property
    def data(self) -> EventObject:
        return (self._contents.event_object(self.id) if self._data is None else self._data).copy()

    @property
    def id(self) -> str:
        return self.entry["id"]

    @property
    def key(self) -> str:
        return self.entry["eventKey"]

    @property
    def created(self) -> int:
        """Milliseconds since the epoch."""
        return self.entry["created"]

    @property
    def trace_id(self) -> str:
        return self.entry["traceId"]

    @property
    def correlation_id(self) -> str:
        return self.entry["correlationId"]

    @property
    def method(self) -> str:
        return self.entry["method"]

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, by lower-case name."""
        return dict(self.entry["headers"])

    @property
    def query(self) -> dict[str, str | list[str]]:
        """The query's parameters; a repeated one is a list of texts."""
        return _plain(self.entry["query"])

    @property
    def path(self) -> dict[str, str]:
        """The values of the parameters in its webhook's path: of `orders/{id}` the `id`."""
        return dict(self.entry.get("path", {}))

    @property
    def raw_query(self) -> str:
        """The query as it was sent, without the parameters that name the webhook, `wait` and `timeout`."""
        return self.entry.get("rawQuery", "")

    @property
    def remote_address(self) -> str:
        """Where the request came from, according to trusted proxies; empty for an `event.send`."""
        return self.entry.get("remoteAddress", "")

    @property
    def payload(self) -> Any:
        """What the webhook's payloadType makes of the body."""
        return self.data["payload"]

    @property
    def fields(self) -> dict[str, str | list[str]]:
        """The fields of a form or multipart request; a repeated one is a list of texts."""
        return _plain(self.entry["fields"])

    @property
    def deliveries(self) -> list[DeliveryRow]:
        """Its deliveries as of when this object was made, each with `listener`, `status`, `attempts` and `error`."""
        return [delivery.copy() for delivery in self.entry["deliveries"]]

    @property
    def content_type(self) -> str:
        return self.entry["contentType"]

    @cached_property
    def body(self) -> bytes:
        """The body's bytes exactly as they were sent."""
        if "body" in self.entry:
            return base64.b64decode(self.entry["body"])
        size = self.entry["contentLength"]
        return self._contents.read(self.id, size) if size else b""

    @cached_property
    def files(self) -> tuple[EventFile, ...]:
        return tuple(
            EventFile(
                name=file["filename"],
                content_type=file["contentType"],
                size=file["size"],
                sha256=file["sha256"],
                field=file["field"],
                id=f"{self.id}.{number}",
                contents=self._contents,
            )
            for number, file in enumerate(self.entry["files"])
        )

    @cached_property
    def decoded(self) -> bytes:
        """The decompressed body. PayloadTooLargeError if it becomes too large; ContentEncodingError or MissingPackageError if
        it cannot be decompressed here."""
        return decoded(self.body, codings(self.entry["headers"]))

    def text(self) -> str:
        """The decoded body in its declared charset, else UTF-8, else Latin-1."""
        return document_text(self.decoded, charset_of(self.content_type))

    def json(self) -> Any:
        """The decoded body parsed as JSON, whatever its content type. ValueError if it is not JSON."""
        return json.loads(json_text(self.decoded, charset_of(self.content_type)))

    def to_pandas(self, **options: Any) -> DataFrame:
        """The body as a table: CSV, JSON (an object or a list of objects; nested fields get dotted names), or a form as one row.
        `options` go to the pandas function that reads it. ValueError for any other body."""
        from pfnb.client.frames import event_frame

        return event_frame(self, options)

    def replay(self, listener: str | None = None) -> Replayed:
        """Deliver it again, to all that listen for its key now, or only to `listener`. The earlier deliveries do not change.

        NotFoundError if `listener` does not listen for it, or if retention has removed the event.
        """
        from pfnb.client.results import Replayed

        return Replayed(self._contents.replay(self.id, listener))

    async def areplay(self, listener: str | None = None) -> Replayed:
        """The same for a coroutine."""
        from pfnb.client.results import Replayed

        return Replayed(await self._contents.areplay(self.id, listener))

    def __repr__(self) -> str:
        return f"Event({self.key!r}, {self.method}, {self.entry['contentLength']} bytes)"

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import event_bundle

        entry = self.entry.copy()
        if "body" not in entry:
            entry["body"] = base64.b64encode(self.body).decode()
        return event_bundle(entry, self.previews())

    def previews(self) -> dict[int, bytes]:
        """Reads pictures for a display: the first few that are not large, by index in `files`."""
        pictures = [
            (number, file)
            for number, file in enumerate(self.files)
            if file.content_type.startswith("image/") and file.size <= _PREVIEW
        ]
        return {number: file.read() for number, file in pictures[:_PREVIEWS]}


def _plain(values: Mapping[str, list[str]]) -> dict[str, str | list[str]]:
    return {name: texts[0] if len(texts) == 1 else list(texts) for name, texts in values.items()}
