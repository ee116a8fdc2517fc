"""The display of refused requests, below a webhook's log: when, status, size, limit, and why."""

from __future__ import annotations

from collections.abc import Sequence

from pfnb.display.block import Budget, code, part, table, words
from pfnb.display.entry import short
from pfnb.display.plain import rest, text_table
from pfnb.display.units import UNKNOWN, utc_time
from pfnb.display.visible import Html
from pfnb.language.masking import Mask
from pfnb.language.sizes import size_text
from pfnb.rows.webhook import RefusedRow

_HEADS = ("Time (UTC)", "Status", "Size", "Limit", "Reason")
_ENDS = (2, 3)
_SIZE = 30_000
_REASON = 200


def refused_text(rows: Sequence[RefusedRow], mask: Mask) -> list[str]:
    """Rows of `webhook.receive.logs` with `refused`, as lines; no lines without rows."""
    if not rows:
        return []
    heads = [head.lower().replace("utc", "UTC") for head in _HEADS]
    shown = text_table(heads, [cells(row, mask) for row in rows], ends=_ENDS)
    return ["", f"refused  {counts(rows)}", "", *shown, *rest(_count(rows) - len(rows))]


def refused_html(rows: Sequence[RefusedRow], mask: Mask) -> Html:
    """The same as a foldable part of a display."""
    drawn = (_drawn(cells(row, mask)) for row in rows)
    return part(
        "Refused", table(_HEADS, drawn, total=_count(rows), budget=Budget(_SIZE), ends=_ENDS), note=counts(rows)
    )


def cells(row: RefusedRow, mask: Mask) -> tuple[str, ...]:
    return (
        utc_time(row["created"]),
        f"{row['statusCode']}",
        _size(row["size"]),
        _size(row["limit"]),
        short(row["reason"], mask, _REASON),
    )


def counts(rows: Sequence[RefusedRow]) -> str:
    """How many there were of each status, such as `12 × 413, 1 × 408`."""
    return ", ".join(f"{count:,} × {status}" for status, count in _by_status(rows).items())


def _drawn(row: tuple[str, ...]) -> tuple[Html, ...]:
    *ours, reason = row
    return (*map(words, ours), code(reason))


def _size(size: int | None) -> str:
    return size_text(size) if size is not None and size > 0 else UNKNOWN


def _count(rows: Sequence[RefusedRow]) -> int:
    return sum(_by_status(rows).values())


def _by_status(rows: Sequence[RefusedRow]) -> dict[int, int]:
    return {row["statusCode"]: row["count"] for row in rows}
