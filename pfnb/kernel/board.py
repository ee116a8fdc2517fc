"""What stands under the cell of a listening pipeline: one display, brought up to date as deliveries begin and end."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pfnb.exceptions import PfnbError
from pfnb.kernel.event import Contents, Event, Unreadable
from pfnb.kernel.screen import Bundle

if TYPE_CHECKING:
    from pfnb.kernel.display.visible import Html

EVENTS = 20
LOG_LINES = 100
_LOG_LINE = 1000
_INTERVAL = 0.2
_PATIENCE = 5.0
"""A display is drawn again after so many times the time that drawing took: a flood of events goes to the pipeline first."""
_BODY = 64 * 1024
"""Bytes of a payload that are kept for showing."""


@dataclass(frozen=True, slots=True)
class _Shown:
    entry: dict[str, Any]
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Picture:
    """What a board shows at one moment; `shown` newest first, `seen` counts the events it has forgotten, too."""

    title: str
    shown: tuple[_Shown, ...] = ()
    seen: int = 0
    log: tuple[str, ...] = ()


class Board:
    """The last events of one listener, newest first, and what it logged.

    `publish` replaces the display; it is None where displays cannot be replaced, as in a terminal. Nothing is printed.
    The methods belong to the loop; only `log` may be called from any thread.
    """

    def __init__(self, title: str, contents: Contents, publish: Callable[[Bundle], None] | None) -> None:
        self.title = title
        self._contents = contents
        self._publish = publish
        self._events: dict[str, _Shown] = {}
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._seen = 0
        self._drawing: asyncio.Task[None] | None = None
        self._changed = False
        self._is_shown = False

    def begin(self) -> None:
        """The display stands under its cell: from now on it may be replaced."""
        self._is_shown = True
        if self._changed:
            self._redraw()

    def show(self, entry: Mapping[str, Any], data: Mapping[str, Any], status: str, error: Any = None) -> None:
        """An event's run has begun or ended. `error` as in HTTP error answers."""
        first, *_ = entry.get("deliveries") or [{}]
        shown = {**entry, "deliveries": [{**first, "status": status, "error": error}]}
        if entry["id"] not in self._events:
            self._seen += 1
        self._events[entry["id"]] = _Shown(shown, data if (entry.get("contentLength") or 0) <= _BODY else {})
        while len(self._events) > EVENTS:
            del self._events[next(iter(self._events))]
        self._redraw()

    def forget(self, event_id: str) -> None:
        """The pipeline's filter did not want this event."""
        if self._events.pop(event_id, None) is not None:
            self._seen -= 1
            self._redraw()

    def log(self, level: str, message: str) -> None:
        """The sink of the `log` command."""
        self._log.append(f"{level:<5} {message[:_LOG_LINE]}")

    def close(self, last_words: str) -> None:
        """Say why nothing will come any more."""
        self.title = last_words
        self._redraw()

    def _redraw(self) -> None:
        self._changed = True
        if self._publish is not None and self._is_shown and (self._drawing is None or self._drawing.done()):
            self._drawing = asyncio.get_running_loop().create_task(self._draw(self._publish))

    async def _draw(self, publish: Callable[[Bundle], None]) -> None:
        while self._changed:
            await asyncio.sleep(_INTERVAL)
            self._changed = False
            shown = tuple(reversed(self._events.values()))
            picture = _Picture(self.title, shown, self._seen, tuple(self._log))
            began = time.monotonic()
            # In a thread: drawing takes time, and pictures are read through the door.
            await asyncio.to_thread(_publish, publish, picture, self._contents)
            await asyncio.sleep(_PATIENCE * (time.monotonic() - began))


def _publish(publish: Callable[[Bundle], None], picture: _Picture, contents: Contents) -> None:
    publish(_bundle(picture, contents))


def empty_bundle(title: str) -> Bundle:
    """The display before the first event; it is the same each time the cell is run."""
    return _bundle(_Picture(title), Unreadable())


def _bundle(picture: _Picture, contents: Contents) -> Bundle:
    from pfnb.kernel.display import events_bundle
    from pfnb.kernel.display.block import block
    from pfnb.kernel.display.visible import visible

    pieces = [{"text/plain": visible(picture.title, one_line=True), "text/html": block(_padded("div", picture.title))}]
    if picture.shown:
        pieces.append(_newest(picture.shown[0], contents))
    if picture.shown[1:]:
        earlier = [_with_body(shown) for shown in picture.shown[1:]]
        pieces.append(events_bundle(earlier, title="Earlier", total=picture.seen - 1))
    if picture.log:
        lines = "\n".join(picture.log)
        pieces.append({"text/plain": visible(lines), "text/html": block(_padded("pre", lines))})
    return {
        "text/plain": "\n\n".join(piece["text/plain"] for piece in pieces),
        "text/html": "".join(piece["text/html"] for piece in pieces),
    }


def _padded(tag: str, text: str) -> Html:
    from pfnb.kernel.display.block import element
    from pfnb.kernel.display.visible import markup

    return element(tag, markup(text), names="pfnb-title")


def _newest(shown: _Shown, contents: Contents) -> Bundle:
    from pfnb.kernel.display import event_bundle

    entry = _with_body(shown)
    try:
        previews = Event(entry, {"id": entry["id"]}, contents).previews()
    except PfnbError:
        previews = {}  # A picture that cannot be had now is left out; all else of the event is here.
    return event_bundle(entry, previews)


def _with_body(shown: _Shown) -> dict[str, Any]:
    """The log row with the body that its display wants, which the payload has as well: no need to ask the hub for it."""
    payload = shown.data.get("payload")
    if payload is None or not shown.entry.get("contentLength"):
        return shown.entry
    if isinstance(payload, dict) and isinstance(payload.get("origin"), str):
        return {**shown.entry, "body": payload["origin"]}
    if isinstance(payload, dict) and ("children" in payload or "content" in payload):
        return shown.entry
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return {**shown.entry, "body": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()}
