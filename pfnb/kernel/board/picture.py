"""A snapshot of a board, and its mime bundle."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pfnb.client.contents import Contents, Unreadable
from pfnb.client.event import Event
from pfnb.exceptions import PfnbError
from pfnb.kernel.board.screen import Bundle
from pfnb.rows.event import EventObject, EventRow

if TYPE_CHECKING:
    from pfnb.display.visible import Html


@dataclass(frozen=True, slots=True)
class Shown:
    """An event: its log row, its event object if that is short, and the lines that explain why its run failed."""

    entry: EventRow
    data: EventObject | None
    explained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """`shown` has the newest event first; `seen` also counts the events that were dropped. `lines` are the last lines as
    `(stream, text)`; `earlier` lines and `earlier_figures` displays before them were dropped."""

    title: str
    shown: tuple[Shown, ...] = ()
    seen: int = 0
    lines: tuple[tuple[str, str], ...] = ()
    earlier: int = 0
    earlier_figures: int = 0


def empty_bundle(title: str) -> Bundle:
    """The display before the first event. It is the same each time the cell runs."""
    return picture_bundle(Picture(title), Unreadable())


def picture_bundle(picture: Picture, contents: Contents) -> Bundle:
    """Everything except the figures, as one display."""
    from pfnb.display import events_bundle

    pieces = [_text([picture.title], "div")]
    if picture.shown:
        newest = picture.shown[0]
        pieces.append(_newest(newest, contents))
        if newest.explained:
            pieces.append(_text(newest.explained, "pre"))
    if picture.shown[1:]:
        earlier = [_with_body(shown) for shown in picture.shown[1:]]
        pieces.append(events_bundle(earlier, title="Earlier", total=picture.seen - 1))
    if picture.lines:
        pieces.append(_printed(picture))
    if picture.earlier_figures:
        pieces.append(_text([f"… {picture.earlier_figures:,} earlier displays"], "div"))
    return {
        "text/plain": "\n\n".join(piece["text/plain"] for piece in pieces),
        "text/html": "".join(piece["text/html"] for piece in pieces),
    }


def _text(lines: Iterable[str], tag: str) -> Bundle:
    from pfnb.display.block import block, element
    from pfnb.display.visible import markup, visible

    text = "\n".join(lines)
    return {
        "text/plain": visible(text, one_line=tag == "div"),
        "text/html": block(element(tag, markup(text), names="pfnb-title")),
    }


def _printed(picture: Picture) -> Bundle:
    from pfnb.display.block import NOTHING, block, element, more
    from pfnb.display.visible import visible

    noun = "earlier lines"
    before = [f"… {picture.earlier:,} {noun}"] if picture.earlier else []
    lines = element("pre", *(_line(stream, text) for stream, text in picture.lines))
    head = element("div", more(picture.earlier, noun), names="pfnb-title") if picture.earlier else NOTHING
    return {
        "text/plain": "\n".join([*before, *(visible(text) for _, text in picture.lines)]),
        "text/html": block(head, element("div", lines, names="pfnb-tail")),
    }


def _line(stream: str, text: str) -> Html:
    from pfnb.display.block import element
    from pfnb.display.visible import markup

    return element("span", markup(f"{text}\n"), names="pfnb-error" if stream == "stderr" else "")


def _newest(shown: Shown, contents: Contents) -> Bundle:
    from pfnb.display import event_bundle

    entry = _with_body(shown)
    try:
        previews = Event(entry, shown.data, contents).previews()
    except PfnbError:
        previews = {}  # Without pictures, if they cannot be read now; the rest of the event is here.
    return event_bundle(entry, previews)


def _with_body(shown: Shown) -> EventRow:
    """The log row with its body, taken from the payload to save a call to the hub."""
    payload = None if shown.data is None else shown.data["payload"]
    if payload is None or not shown.entry["contentLength"]:
        return shown.entry
    if isinstance(payload, dict) and isinstance(payload.get("origin"), str):
        return {**shown.entry, "body": payload["origin"]}
    if isinstance(payload, dict) and ("children" in payload or "content" in payload):
        return shown.entry
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return {**shown.entry, "body": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()}
