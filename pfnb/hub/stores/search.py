"""Text search in events and their bodies: bounded, since every byte of them may have to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pfnb.hub.receiving.request import Body
from pfnb.hub.records.event import Event
from pfnb.hub.stores.bodies import read_body
from pfnb.hub.stores.store import Found
from pfnb.language.charset import document_text, known_charset, named_charset

Named = Mapping[str, Sequence[str]]
Candidate = tuple[int, int, tuple[Event, Body] | None]
"""The seq and size of an event, and the event itself, unless it is known not to contain the text."""
MAX_EVENTS = 5_000
MAX_BYTES = 16 * 1024 * 1024
_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")


def search(candidates: Iterable[Candidate], text: str, limit: int) -> Found:
    """The candidates, newest first, that contain the text. Stops after a number of events or bytes, found or not."""
    wanted = text.casefold()
    events: list[Event] = []
    read = 0
    for number, (seq, size, there) in enumerate(candidates, start=1):
        read += size
        if there is not None and any(wanted in part.casefold() for part in _texts(*there)):
            events.append(there[0])
        if len(events) == limit or number == MAX_EVENTS or read >= MAX_BYTES:
            return Found(events, seq)
    return Found(events, None)


def _texts(event: Event, body: Body) -> Iterator[str]:
    """The readable text of an event, cheap parts first."""
    yield from (event.event_key, event.id, event.trace_id, event.correlation_id)
    yield from event.path.values()
    yield from head_texts(event.headers, event.query, event.fields, [file.filename for file in event.files])
    try:
        yield readable(read_body(body), event.content_type)
    except FileNotFoundError:
        return  # removed after it was listed


def head_texts(headers: Mapping[str, str], query: Named, fields: Named, filenames: Iterable[str]) -> Iterator[str]:
    for name, value in headers.items():
        yield f"{name}: {value}"
    for named in (query, fields):
        for name, values in named.items():
            yield from (name, *values)
    yield from filenames


def readable(body: bytes, content_type: str) -> str:
    """JSON may write any character as \\uXXXX, and an emoji as two of these; nobody searches for that form."""
    text = document_text(body, known_charset(named_charset(content_type)))
    return _ESCAPED.sub(_characters, text) if "\\" in text and "\\u" in text else text


def _characters(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("\\u", "")).decode("utf-16-be", "surrogatepass")
