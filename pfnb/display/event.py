"""The display of an event: one mime bundle with HTML and text, inert and bounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from pfnb.display.block import (
    NOTHING,
    Budget,
    block,
    code,
    element,
    headline,
    joined,
    pairs,
    part,
    status,
    table,
    words,
)
from pfnb.display.entry import (
    delivery_error,
    delivery_state,
    facts,
    header_pairs,
    ids,
    path_pairs,
    query_pairs,
    short,
)
from pfnb.display.files import files_part
from pfnb.display.hexdump import hexdump
from pfnb.display.outline import outline_html
from pfnb.display.payload import Payload, read_payload
from pfnb.display.plain import event_text
from pfnb.display.tree import Limits, build_tree
from pfnb.display.units import human_count, utc_time
from pfnb.display.visible import Html, markup
from pfnb.language.masking import MASK, Mask
from pfnb.rows.delivery import DeliveryRow
from pfnb.rows.event import EventRow

_SIZE = 170_000
_ROWS = 100
_TEXT = 8_000
"""Characters of a payload that is one text."""
_BINARY_HEAD = 256
_TITLES = {"json": "JSON", "fields": "form fields", "text": "text", "binary": "binary"}


def event_bundle(entry: EventRow, previews: Mapping[int, bytes] | None = None) -> dict[str, str]:
    """The mime bundle of an event.

    `previews` maps an index in `entry["files"]` to that file's bytes; files that are not pictures are not shown.
    Secrets are hidden in both forms; the HTML is at most about 200 kB, not counting pictures.
    """
    mask = Mask.for_entries([entry])
    payload = read_payload(entry)
    html = block(_top(entry, mask), event_parts(entry, payload, mask, previews or {}, size=_SIZE))
    return {"text/plain": event_text(entry, payload, mask), "text/html": html}


def event_parts(entry: EventRow, payload: Payload, mask: Mask, previews: Mapping[int, bytes], *, size: int) -> Html:
    """The folds of an event. Each gets a share of `size` bytes, so that none uses up the space of the others."""
    queries = sum(map(len, entry["query"].values()))
    parts = (
        _payload_part(payload, mask, size // 2),
        files_part(entry, previews, mask, size // 5),
        _deliveries_part(entry["deliveries"], mask, size // 10),
        _pairs_part("Path", len(entry.get("path", {})), path_pairs(entry, mask), size // 12),
        _pairs_part("Query", queries, query_pairs(entry["query"], mask), size // 12),
        _pairs_part("Headers", len(entry["headers"]), header_pairs(entry["headers"], mask), size // 8),
    )
    return Html("".join(parts))


def identifiers(entry: EventRow, mask: Mask) -> Html:
    """The ids that name an event elsewhere."""
    said = (element("span", joined([markup(title), code(short(name, mask))])) for title, name in ids(entry))
    return element("div", joined(said), names="pfnb-ids")


def _top(entry: EventRow, mask: Mask) -> Html:
    state, tone = delivery_state(entry)
    method, content_type, size = facts(entry, mask)
    said = (code(method), code(content_type), markup(size), markup(utc_time(entry["created"], exact=True)))
    key = code(short(entry["eventKey"], mask))
    return Html(
        headline(key, status(short(state, mask, 60), tone))
        + element("div", joined(element("span", fact) for fact in said), names="pfnb-facts")
        + identifiers(entry, mask)
    )


def _payload_part(payload: Payload, mask: Mask, size: int) -> Html:
    if payload.kind == "nothing":
        return part("Payload", NOTHING, note=payload.note or "")
    note = ", ".join(filter(None, (_TITLES[payload.kind], payload.note)))
    if payload.kind == "binary":
        head = mask.bytes(payload.value[:_BINARY_HEAD])
        note = f"{note}, the first {human_count(len(head), 'byte')}"
        return part("Payload", element("pre", markup(hexdump(head))), note=note, is_open=True)
    limits = Limits(size=size, text=_TEXT if payload.kind == "text" else Limits.text)
    return part("Payload", outline_html(build_tree(payload.value, mask, limits)), note=note, is_open=True)


def _deliveries_part(deliveries: Sequence[DeliveryRow], mask: Mask, size: int) -> Html:
    if not deliveries:
        return NOTHING
    rows = (
        (
            code(short(delivery["listener"], mask)),
            status(delivery["status"]),
            words(f"{delivery['attempts']}"),
            code(short(delivery_error(delivery["error"]), mask, 600), one_line=False),
        )
        for delivery in deliveries[:_ROWS]
    )
    heads = ("Listener", "Status", "Attempts", "Error")
    drawn = table(heads, rows, total=len(deliveries), budget=Budget(size), ends=(2,))
    return part("Deliveries", drawn, note=f"{len(deliveries):,}", is_open=True)


def _pairs_part(title: str, total: int, rows: Iterable[tuple[str, str]], size: int) -> Html:
    if not total:
        return NOTHING
    drawn = ((code(name), code(value, "hidden" if value == MASK else "")) for name, value in islice(rows, _ROWS))
    return part(title, pairs(drawn, total=total, budget=Budget(size)), note=f"{total:,}")
