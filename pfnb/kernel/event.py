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
from typing import Any, Protocol

from pfnb.exceptions import HubUnreachableError

_PREVIEW = 2 * 1024 * 1024
_PREVIEWS = 8


class Contents(Protocol):
    """Reads the bytes behind content ids, from any thread."""

    def read(self, content_id: str) -> bytes: ...


class Unreadable:
    """Stands in where there is no hub to read from."""

    def read(self, content_id: str) -> bytes:
        raise HubUnreachableError(f"there is no hub to read content {content_id} from: run %load_ext pfnb")


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
        return self.contents.read(self.id)

    def save(self, path: str | Path) -> Path:
        """Write the bytes to `path`, which you name: the file's own name is never used as a path. Returns that path."""
        target = Path(path)
        if target.is_dir():
            raise IsADirectoryError(f"{target} is a folder: name the file, too")
        target.write_bytes(self.read())
        return target


class Event:
    """One accepted request, or one `event.send`.

    `entry` is its log row (of HTTP's webhook.receive.logs, with `eventKey`), `data` the event object that pipelines have as
    their body; design sections 5.2 and 6.
    """

    def __init__(self, entry: Mapping[str, Any], data: Mapping[str, Any], contents: Contents) -> None:
        self.entry = dict(entry)
        self.data = dict(data)
        self._contents = contents

    @property
    def id(self) -> str:
        return str(self.data["id"])

    @property
    def key(self) -> str:
        return str(self.data["eventKey"])

    @property
    def created(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.data["created"])

    @property
    def trace_id(self) -> str:
        return str(self.data["traceId"])

    @property
    def correlation_id(self) -> str:
        return str(self.data["correlationId"])

    @property
    def method(self) -> str:
        return str(self.data["method"])

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case names."""
        return dict(self.data["headers"])

    @property
    def query(self) -> dict[str, str | list[str]]:
        """What occurs once is a text, what is repeated a list."""
        return dict(self.data["query"])

    @property
    def payload(self) -> Any:
        """What the webhook's payloadType makes of the body."""
        return self.data["payload"]

    @property
    def fields(self) -> dict[str, str | list[str]]:
        """Of a form or a multipart request; what is repeated is a list."""
        fields: Mapping[str, list[str]] = self.entry.get("fields") or {}
        return {name: values[0] if len(values) == 1 else list(values) for name, values in fields.items()}

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
        return self._contents.read(self.id) if self.entry.get("contentLength") else b""

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


def _charset(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type
    named = header.get_content_charset()
    try:
        b"    ".decode(named or "utf-8", "replace")
    except LookupError:  # unknown, or one that Python has but not for text
        return "utf-8"
    return named or "utf-8"
