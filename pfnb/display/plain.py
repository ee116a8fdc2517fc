"""The text form of displays: aligned and bounded, for terminals and wherever HTML is not shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pfnb.display.entry import (
    delivery_error,
    delivery_state,
    facts,
    header_pairs,
    path_pairs,
    query_pairs,
    short,
)
from pfnb.display.hexdump import hexdump
from pfnb.display.outline import outline_text
from pfnb.display.payload import Payload
from pfnb.display.tree import build_tree
from pfnb.display.units import UNKNOWN, human_size, utc_time
from pfnb.display.visible import clip_columns, columns, visible
from pfnb.language.masking import Mask
from pfnb.rows.delivery import DeliveryRow
from pfnb.rows.event import EventRow, FileRow

WIDTH = 120
_ROWS = 20
_CELL = 48


def event_text(entry: EventRow, payload: Payload, mask: Mask) -> str:
    """An event as text of at most about 120 lines."""
    state, _ = delivery_state(entry)
    key = short(entry["eventKey"], mask)
    lines = [
        _line(key, "  ", short(state, mask, 60)),
        _line("  ".join([*facts(entry, mask), utc_time(entry["created"], exact=True)])),
    ]
    named = [("id", entry["id"]), ("traceId", entry["traceId"]), ("correlationId", entry["correlationId"])]
    if "conflict" in entry:
        named.append(("conflict", entry["conflict"]))
    lines.append(_line("  ".join(f"{name} {short(text, mask)}" for name, text in named)))
    return "\n".join([*lines, *_sections(entry, payload, mask)])


def text_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, ends: Sequence[int] = ()) -> list[str]:
    """Rows of foreign texts as aligned columns; `ends` are the right-aligned ones."""
    shown = [[visible(cell, one_line=True) for cell in row] for row in [heads, *rows]]
    widths = [min(_CELL, max(columns(row[index]) for row in shown)) for index in range(len(heads) - 1)]
    widths.append(max(_CELL, WIDTH - sum(widths) - 2 * len(widths)))
    return [_aligned(row, widths, ends) for row in shown]


def _aligned(row: Sequence[str], widths: Sequence[int], ends: Sequence[int]) -> str:
    cells = []
    for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
        cut = clip_columns(cell, width)
        space = " " * (width - columns(cut))
        cells.append(space + cut if index in ends else cut + space)
    return "  ".join(cells).rstrip()


def _sections(entry: EventRow, payload: Payload, mask: Mask) -> Iterator[str]:
    yield from _section("payload", _payload_lines(payload, mask))
    yield from _section("files", _file_lines(entry["files"], mask))
    yield from _section("deliveries", _delivery_lines(entry["deliveries"], mask))
    yield from _section("path", _pair_lines(path_pairs(entry, mask)))
    yield from _section("query", _pair_lines(query_pairs(entry["query"], mask)))
    yield from _section("headers", _pair_lines(header_pairs(entry["headers"], mask)))


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    """A title and indented lines, none if `lines` is empty. `lines` must already be safe to show."""
    if lines:
        yield from ("", title, *(f"  {line}".rstrip() for line in lines))


def _payload_lines(payload: Payload, mask: Mask) -> list[str]:
    said = [f"({payload.note})"] if payload.note else []
    if payload.kind == "nothing":
        return said
    if payload.kind == "binary":
        return [*said, *hexdump(mask.bytes(payload.value[:128])).split("\n")]
    return [*said, *outline_text(build_tree(payload.value, mask), width=WIDTH)]


def _file_lines(files: Sequence[FileRow], mask: Mask) -> list[str]:
    rows = [
        [
            *(short(text or UNKNOWN, mask, 48) for text in (file["field"], file["filename"], file["contentType"])),
            human_size(file["size"]),
            short(file["sha256"], mask, 16),
        ]
        for file in files[:_ROWS]
    ]
    heads = ("field", "name", "type", "size", "sha-256")
    return [*text_table(heads, rows, ends=(3,)), *rest(len(files) - _ROWS)] if files else []


def _delivery_lines(deliveries: Sequence[DeliveryRow], mask: Mask) -> list[str]:
    rows = [
        [
            short(delivery["listener"], mask),
            delivery["status"],
            f"{delivery['attempts']}",
            short(delivery_error(delivery["error"]), mask),
        ]
        for delivery in deliveries[:_ROWS]
    ]
    heads = ("listener", "status", "attempts", "error")
    return [*text_table(heads, rows, ends=(2,)), *rest(len(deliveries) - _ROWS)] if deliveries else []


def _pair_lines(found: Iterable[tuple[str, str]]) -> list[str]:
    rows = list(found)
    width = min(32, max((columns(visible(name, one_line=True)) for name, _ in rows), default=0))
    lines = []
    for name, value in rows[:_ROWS]:
        shown = clip_columns(visible(name, one_line=True), width)
        lines.append(_line(shown, " " * (width - columns(shown) + 2), value))
    return [*lines, *rest(len(rows) - _ROWS)]


def rest(number: int) -> list[str]:
    """A note that a list was cut; no line if it was not."""
    return [f"… {number:,} more"] if number > 0 else []


def _line(*pieces: str) -> str:
    return clip_columns(visible("".join(pieces), one_line=True), WIDTH)
