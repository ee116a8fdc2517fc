"""An event as Python code in a notebook sees it: what came in, and its files, read from the hub when asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pfnb.kernel.contents import Contents

if TYPE_CHECKING:
    from pandas import DataFrame

    from pfnb.kernel.runs import Replayed

_PREVIEW = 2 * 1024 * 1024
_PREVIEWS = 8


@dataclass(frozen=True, slots=True)
class EventFile:
    """A file of a multipart request. `name` is metadata a stranger sent, `sha256` is hex, `size` in bytes.

    `field` is the form field it came in, None if it had no name.
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
        """Write the bytes to `path`, which you name: the file's own name is never used as a path. Returns that path."""
        target = Path(path)
        if target.is_dir():
            raise IsADirectoryError(f"{target} is a folder: name the file, too")
        target.write_bytes(self.read())
        return target

    def to_pandas(self, **options: Any) -> DataFrame:
        """A CSV, TSV, JSON, Excel or Parquet file as a table; `options` go to the pandas function that reads it.

        ValueError for any other file; MissingPackageError where pandas, or what it needs for this kind, is not installed.
        """
        from pfnb.kernel.frames import file_frame

        return file_frame(self.read(), self.content_type, self.name, options)


class Event:
    """One accepted request, or one `event.send`.

    `entry` is its log row (of HTTP's webhook.receive.logs, with `eventKey`), `data` the event object that pipelines have as
    their body (design sections 5.2 and 6), read from the hub if it is not given.
    """

    def __init__(self, entry: Mapping[str, Any], data: Mapping[str, Any] | None, contents: Contents) -> None:
        self.entry = dict(entry)
        self._data = data
        self._contents = contents

    @cached_property
    def data(self) -> dict[str, Any]:
        return dict(self._contents.event_object(self.id) if self._data is None else self._data)

    @property
    def id(self) -> str:
        return str(self.entry["id"])

    @property
    def key(self) -> str:
        return str(self.entry["eventKey"])

    @property
    def created(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.entry["created"])

    @property
    def trace_id(self) -> str:
        return str(self.entry["traceId"])

    @property
    def correlation_id(self) -> str:
        return str(self.entry["correlationId"])

    @property
    def method(self) -> str:
        return str(self.entry["method"])

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case names."""
        return dict(self.entry["headers"])

    @property
    def query(self) -> dict[str, str | list[str]]:
        """What occurs once is a text, what is repeated a list."""
        return _plain(self.entry.get("query") or {})

    @property
    def payload(self) -> Any:
        """What the webhook's payloadType makes of the body."""
        return self.data["payload"]

    @property
    def fields(self) -> dict[str, str | list[str]]:
        """Of a form or a multipart request; what is repeated is a list."""
        return _plain(self.entry.get("fields") or {})

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """To whom it went, as `{"listener", "status", "attempts", "error"}`, when this object was made."""
        return [dict(delivery) for delivery in self.entry.get("deliveries") or ()]

    @property
    def content_type(self) -> str:
        return str(self.entry.get("contentType") or "")

    @cached_property
    def body(self) -> bytes:
        """The bytes exactly as they were sent."""
        if "body" in self.entry:
            return base64.b64decode(self.entry["body"])
        size = self.entry.get("contentLength") or 0
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
            for number, file in enumerate(self.entry.get("files") or ())
        )

    def text(self) -> str:
        """The body in its declared charset, else UTF-8; bytes that are none of it become U+FFFD."""
        return self.body.decode(_charset(self.content_type), "replace")

    def json(self) -> Any:
        """The body as JSON, whatever its content type. ValueError where it is none."""
        return json.loads(self.body)

    def to_pandas(self, **options: Any) -> DataFrame:
        """The body as a table: CSV, or JSON (a list of objects, or one of them, nested fields with dotted names), or a form of
        one row. `options` go to the pandas function that reads it. ValueError for any other body."""
        from pfnb.kernel.frames import event_frame

        return event_frame(self, options)

    def replay(self, listener: str | None = None) -> Replayed:
        """Deliver it once more, to all that listen for its key now, or to the one named. The earlier deliveries stay as they are.

        NotFoundError if that one does not listen for it, or if retention has removed the event.
        """
        from pfnb.kernel.runs import Replayed

        return Replayed(self._contents.replay(self.id, listener))

    async def areplay(self, listener: str | None = None) -> Replayed:
        """The same for a coroutine."""
        from pfnb.kernel.runs import Replayed

        return Replayed(await self._contents.areplay(self.id, listener))

    def __repr__(self) -> str:
        return f"Event({self.key!r}, {self.method}, {self.entry.get('contentLength') or 0} bytes)"

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.kernel.display import event_bundle

        entry = self.entry if "body" in self.entry else {**self.entry, "body": base64.b64encode(self.body).decode()}
        return event_bundle(entry, self.previews())

    def previews(self) -> dict[int, bytes]:
        """Pictures for a display, by index in `files`: the first few that are not large. Reads them."""
        pictures = [
            (number, file)
            for number, file in enumerate(self.files)
            if file.content_type.startswith("image/") and file.size <= _PREVIEW
        ]
        return {number: file.read() for number, file in pictures[:_PREVIEWS]}


def _plain(values: Mapping[str, list[str]]) -> dict[str, str | list[str]]:
    return {name: texts[0] if len(texts) == 1 else list(texts) for name, texts in values.items()}


def _charset(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type
    named = header.get_content_charset()
    try:
        b"    ".decode(named or "utf-8", "replace")
    except LookupError:  # unknown, or one that Python has but not for text
        return "utf-8"
    return named or "utf-8"
