"""Previews of files: pictures and PDF pages as pictures, all else as table, tree, text or hex dump."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pfnb.display.hexdump import hexdump
from pfnb.display.images import read_image
from pfnb.display.payload import read_body
from pfnb.display.units import human_size
from pfnb.display.visible import visible
from pfnb.exceptions import PreviewError
from pfnb.kernel.widgets.branches import Tree
from pfnb.language.masking import MASK, Mask, hides
from pfnb.language.media_types import media_type

_PICTURE = 16 * 1024 * 1024
_PDF = 32 * 1024 * 1024
_JSON = 8 * 1024 * 1024
_HEAD = 128 * 1024
_TEXT = 64 * 1024
_BYTES = 512
_ROWS, _COLUMNS, _CELL = 200, 40, 200
_DELIMITERS = ",;\t|"

Read = Callable[[int, int], Awaitable[bytes]]
"""Reads from the file: takes an offset and a size in bytes."""


@dataclass(frozen=True)
class Preview:
    """`shown` is what the browser draws; its `kind` is picture, table, text, bytes or tree. `picture` and `tree` go with it."""

    shown: Mapping[str, Any]
    picture: bytes = b""
    tree: Tree | None = None


async def preview(read: Read, size: int, name: str, content_type: str, mask: Mask) -> Preview:
    """The preview of a file of `size` bytes. Its bytes decide the kind; name and type only distinguish CSV from other text.

    PreviewError, with the reason, if there is none.
    """
    head = await read(0, min(size, _HEAD))
    if head.startswith(b"%PDF-"):
        data = await _whole(read, size, head, _PDF, "a PDF")
        return _picture(await asyncio.to_thread(_page_of, data), note="first page")
    # In a JPEG the dimensions may come after much metadata: read the whole file before looking for them.
    if head.startswith(b"\xff\xd8\xff") or read_image(head) is not None:
        return _picture(await _whole(read, size, head, _PICTURE, "a picture"))
    if head.lstrip()[:1] in (b"{", b"[") and len(head) < size <= _JSON:
        head = await read(0, size)
    return await asyncio.to_thread(_read_text, head, size, name, content_type, mask)


async def _whole(read: Read, size: int, head: bytes, most: int, what: str) -> bytes:
    if size > most:
        raise PreviewError(f"{what} of more than {human_size(most)} is not shown: download it")
    return head if len(head) == size else await read(0, size)


def _page_of(data: bytes) -> bytes:
    from pfnb.kernel.widgets.pdf import draw_first_page

    return draw_first_page(data)


def _picture(data: bytes, note: str = "") -> Preview:
    image = read_image(data, _PICTURE)
    if image is None:
        raise PreviewError("this picture is too large to be shown, or damaged: download it")
    shown = {
        "kind": "picture",
        "type": image.media_type,
        "note": " · ".join(filter(None, (note, f"{image.width} × {image.height}"))),
    }
    return Preview(shown, picture=data)


def _read_text(head: bytes, size: int, name: str, content_type: str, mask: Mask) -> Preview:
    plain_type = media_type(content_type)
    is_csv = plain_type in ("text/csv", "text/tab-separated-values") or name.lower().endswith((".csv", ".tsv"))
    found = read_body(head, plain_type, content_type, whole=len(head) == size)
    rest = f"the first {human_size(len(head))} of {human_size(size)}" if len(head) < size else ""
    if found.kind == "nothing":
        raise PreviewError("this file is empty")
    if found.kind == "binary":
        shown = mask.bytes(head[:_BYTES])
        return Preview({"kind": "bytes", "text": hexdump(shown), "note": f"binary, the first {len(shown)} bytes"})
    if found.kind == "json":
        return Preview({"kind": "tree", "note": "JSON"}, tree=Tree(found.value, mask))
    table = _table(found.value, mask, cut=len(head) < size) if is_csv else None
    if table is not None:
        return Preview({**table, "note": " · ".join(filter(None, (table["note"], rest)))})
    text = mask.head(found.value, _TEXT)
    note = rest or (f"the first {len(text):,} characters" if len(found.value) > _TEXT else found.note or "")
    return Preview({"kind": "text", "text": visible(text), "note": note})


def _table(text: str, mask: Mask, *, cut: bool) -> dict[str, Any] | None:
    """The rows of a CSV file and their heads; None if it cannot be read as CSV."""
    lines = text.splitlines(keepends=True)
    try:
        dialect = csv.Sniffer().sniff("".join(lines[:20]), _DELIMITERS)
    except csv.Error:
        dialect = csv.excel  # for example, if there is only one column
    try:
        rows = [row for row in csv.reader(lines[:-1] if cut else lines, dialect) if row]
    except csv.Error:
        return None
    if not rows:
        return None
    heads = rows[0][:_COLUMNS]
    body = [_cells(heads, row, mask) for row in islice(rows, 1, _ROWS + 1)]
    more = len(rows) - 1 - len(body)
    note = f"{len(rows) - 1:,} rows, {len(rows[0]):,} columns" + (f", the first {_ROWS} shown" if more else "")
    return {"kind": "table", "heads": [_cell(head, mask) for head in heads], "rows": body, "note": note}


def _cells(heads: list[str], row: list[str], mask: Mask) -> list[str]:
    named = zip(row[:_COLUMNS], heads + [""] * len(row), strict=False)
    return [MASK if hides(head, value) else _cell(value, mask) for value, head in named]


def _cell(value: str, mask: Mask) -> str:
    return visible(mask.head(value, _CELL), one_line=True)
