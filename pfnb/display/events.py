"""The display of a list of events: one row each, which unfolds to the event."""

from __future__ import annotations

from collections.abc import Sequence

from pfnb.display.block import NOTHING, block, code, element, headline, joined, more, status, words
from pfnb.display.entry import delivery_state, facts, short
from pfnb.display.event import event_parts, identifiers
from pfnb.display.payload import read_payload
from pfnb.display.plain import rest, text_table
from pfnb.display.refused import refused_html, refused_text
from pfnb.display.units import human_count, utc_time
from pfnb.display.visible import Html, markup, visible
from pfnb.language.masking import Mask
from pfnb.rows.event import EventRow
from pfnb.rows.webhook import RefusedRow

ROWS = 50
"""The most events shown in one list."""
_SIZE = 150_000
_ROW_SIZE = 20_000
_PARSED = 512 * 1024
"""The largest body, in bytes, that a row's fold parses: fifty of them should not take seconds."""
_HEADS = ("Time (UTC)", "Event key", "Method", "Size", "Type", "Status")


def events_bundle(
    entries: Sequence[EventRow],
    *,
    title: str | None = None,
    total: int | None = None,
    refused: Sequence[RefusedRow] = (),
) -> dict[str, str]:
    """The mime bundle of log rows in the order given; `total` is how many events there are, if there are more. `refused` are
    requests that were refused and became no events.

    Secrets are hidden in both forms; at most 50 rows are shown, in at most about 200 kB of HTML.
    """
    mask = Mask.for_entries(entries)
    shown = entries[:ROWS]
    left = max(total or 0, len(entries)) - len(shown)
    name = mask.head(title or "Events", 200)
    count = human_count(len(shown) + left, "event")
    return {
        "text/plain": "\n".join(
            [f"{visible(name, one_line=True)}  {count}", *_text(shown, left, mask), *refused_text(refused, mask)]
        ),
        "text/html": block(
            headline(words(name), words(count)),
            *_html(shown, mask),
            _foot(left),
            refused_html(refused, mask) if refused else NOTHING,
        ),
    }


def _cells(entry: EventRow, mask: Mask) -> tuple[str, ...]:
    method, content_type, size = facts(entry, mask)
    state, _ = delivery_state(entry)
    key = short(entry["eventKey"], mask)
    return utc_time(entry["created"]), key, method, size, content_type, short(state, mask, 60)


def _text(entries: Sequence[EventRow], left: int, mask: Mask) -> list[str]:
    if not entries:
        return []
    heads = [head.lower().replace("utc", "UTC") for head in _HEADS]
    return ["", *text_table(heads, [_cells(entry, mask) for entry in entries], ends=(3,)), *rest(left)]


def _html(entries: Sequence[EventRow], mask: Mask) -> list[Html]:
    if not entries:
        return []
    heads = (element("span", markup(head), names="pfnb-end" if head == "Size" else "") for head in _HEADS)
    size = min(_ROW_SIZE, _SIZE // len(entries))
    return [element("div", joined(heads), names="pfnb-line pfnb-head"), *(_row(entry, mask, size) for entry in entries)]


def _row(entry: EventRow, mask: Mask, size: int) -> Html:
    time, key, method, length, content_type, state = _cells(entry, mask)
    cells = (
        words(time),
        code(key),
        code(method),
        element("span", markup(length), names="pfnb-end"),
        code(content_type),
        status(state, delivery_state(entry)[1]),
    )
    payload = read_payload(entry, parsed=_PARSED)
    folded = element("div", identifiers(entry, mask), event_parts(entry, payload, mask, {}, size=size))
    return element("details", element("summary", joined(cells), names="pfnb-line"), folded, names="pfnb-entry")


def _foot(left: int) -> Html:
    return element("div", more(left), names="pfnb-foot") if left > 0 else NOTHING
