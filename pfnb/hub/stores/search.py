"""Looking for a text in events and their bodies: bounded, since every byte of them may have to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pfnb.hub.event import Event
from pfnb.hub.form_header import known_charset, parameter
from pfnb.hub.request import Body
from pfnb.hub.stores.bodies import read_body
from pfnb.hub.stores.store import Found

MAX_EVENTS = 5_000
MAX_BYTES = 16 * 1024 * 1024
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def search(candidates: Iterable[tuple[Event, Body]], text: str, limit: int) -> Found:
    """Those of the candidates, newest first, in which the text stands. Ends after so many events or bytes, found or not."""
    wanted = text.casefold()
    events: list[Event] = []
    size = 0
    for number, (event, body) in enumerate(candidates, start=1):
        size += body.size
        if any(wanted in part.casefold() for part in _texts(event, body)):
            events.append(event)
        if len(events) == limit or number == MAX_EVENTS or size >= MAX_BYTES:
            return Found(events, event.seq)
    return Found(events, None)


def _texts(event: Event, body: Body) -> Iterator[str]:
    """What a person can read of an event, the cheap parts first."""
    yield from (event.event_key, event.id, event.trace_id, event.correlation_id)
    for name, value in event.headers.items():
        yield f"{name}: {value}"
    for named in (event.query, event.fields):
        for name, values in named.items():
            yield from (name, *values)
    for file in event.files:
        yield file.filename
    yield _readable(event, body)


def _readable(event: Event, body: Body) -> str:
    try:
        data = read_body(body)
    except FileNotFoundError:
        return ""  # removed since it was listed
    text = data.decode(known_charset(parameter(event.content_type, "charset")) or "utf-8", "replace")
    # JSON may write any character as \uXXXX; nobody searches for that.
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text
