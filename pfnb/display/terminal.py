"""Events and refused requests as lines of a terminal, as they arrive: bounded, inert, and without secrets."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from pfnb.display.entry import facts, query_pairs, short
from pfnb.display.hexdump import hexdump
from pfnb.display.payload import Payload, read_body, read_payload
from pfnb.display.plain import rest
from pfnb.display.pretty import Paint, json_lines
from pfnb.display.tree import Limits, build_tree
from pfnb.display.units import human_size, utc_time
from pfnb.display.visible import clip_columns, visible
from pfnb.language.encodings import codings
from pfnb.language.masking import Mask
from pfnb.language.media_types import media_type
from pfnb.rows.event import EventRow, FileRow
from pfnb.rows.webhook import RefusedRow

PREVIEW = 256 * 1024
"""Bytes of a body that a preview reads."""
ROWS = 40
_FILES = 10
_BINARY = 64
_LIMITS = Limits(nodes=200, children=50)


def time_of(milliseconds: int) -> str:
    """The time of day, such as `14:03:22Z`."""
    return f"{utc_time(milliseconds).partition(' ')[2]}Z"


def event_line(row: EventRow, paint: Paint, *, width: int, lead: str) -> str:
    """One line: time, `lead` (such as a number or the event key), method, query, content type, size, and the id."""
    mask = Mask.for_entries([row])
    method, kind, size = facts(row, mask)
    query = "&".join(f"{name}={value}" if value else name for name, value in query_pairs(row["query"], mask))
    pieces: list[tuple[str, str | None]] = [
        (time_of(row["created"]), "dim"),
        (short(lead, mask), "bold"),
        (f"{method or 'event.send'} ?{query}" if query else method or "event.send", "cyan"),
        *([(kind, None), (size, None)] if row["contentLength"] or row["contentType"] else []),
        (row["id"], "dim"),
    ]
    spaced = [piece for text, style in pieces for piece in ((visible(text, one_line=True), style), ("  ", None))]
    return paint.line(spaced[:-1], width)


def preview_lines(row: EventRow, head: bytes, paint: Paint, *, width: int) -> list[str]:
    """The payload, by the first bytes of its body, and the files; indented."""
    mask = Mask.for_entries([row])
    lines = [*_payload_lines(_payload(row, head), mask, paint, width - 2), *_file_lines(row["files"], mask, width - 2)]
    return [f"  {line}".rstrip() for line in lines]


def refused_line(key: str, row: RefusedRow, paint: Paint, *, width: int) -> str:
    """A request that was refused: its status, and why."""
    said = visible(short(f"{key}: {row['reason']}", Mask(all_uuids=True), 300), one_line=True)
    return paint.line(
        [(time_of(row["created"]), "dim"), (f"  refused ({row['statusCode']})  ", "yellow"), (said, None)], width
    )


def _payload(row: EventRow, head: bytes) -> Payload:
    if row["fields"] or len(head) >= row["contentLength"]:
        return read_payload({**row, "body": base64.b64encode(head).decode()})
    if codings(row["headers"]):
        return Payload("nothing", note="compressed, and too long to be read here")
    return read_body(head, media_type(row["contentType"]), row["contentType"], whole=False)


def _payload_lines(payload: Payload, mask: Mask, paint: Paint, width: int) -> list[str]:
    said = [] if payload.note in (None, "no body", "no fields") else [paint(visible(f"({payload.note})"), "dim")]
    if payload.kind == "nothing":
        return said
    if payload.kind == "binary":
        return [*said, *hexdump(mask.bytes(payload.value[:_BINARY])).split("\n")]
    if payload.kind == "text":
        text = visible(mask.head(payload.value, ROWS * width)).expandtabs(4)
        return [*said, *_cut([clip_columns(line, width) for line in text.split("\n")])]
    return [*said, *_cut(json_lines(build_tree(payload.value, mask, _LIMITS), paint, width=width))]


def _cut(lines: Sequence[str]) -> list[str]:
    return list(lines) if len(lines) <= ROWS else [*lines[: ROWS - 1], f"… {len(lines) - ROWS + 1:,} more lines"]


def _file_lines(files: Sequence[FileRow], mask: Mask, width: int) -> list[str]:
    lines = [
        visible(
            f"file {short(file['filename'], mask)}  {short(file['contentType'], mask)}  {human_size(file['size'])}",
            one_line=True,
        )
        for file in files[:_FILES]
    ]
    return [clip_columns(line, width) for line in [*lines, *rest(len(files) - _FILES)]]
