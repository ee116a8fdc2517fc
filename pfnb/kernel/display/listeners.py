"""The listeners of a hub as a notebook shows them: who is there, who is away, and what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pfnb.kernel.display.block import NOTHING, Budget, block, code, element, headline, status, table, words
from pfnb.kernel.display.entry import short
from pfnb.kernel.display.plain import rest, text_table
from pfnb.kernel.display.units import UNKNOWN, human_count, utc_time
from pfnb.language.masking import Mask

ROWS = 100
STORED = "(stored)"
"""In the place of a notebook, for a pipeline that has none."""
_SIZE = 150_000
_HEADS = ("Pipeline", "Pattern", "Notebook", "Owner", "Pending", "Created (UTC)", "State")


def listeners_bundle(listeners: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The mime bundle of listeners as `list_listeners` gives them, at most 100 of them."""
    shown = listeners[:ROWS]
    count = human_count(len(listeners), "listener")
    rows = [_cells(listener) for listener in shown]
    cells = (
        (
            *map(code, row[:4]),
            *map(words, row[4:6]),
            status(row[6], "succeeded" if row[6] == "connected" else "pending"),
        )
        for row in rows
    )
    drawn = table(_HEADS, cells, total=len(listeners), budget=Budget(_SIZE), ends=(4,)) if shown else NOTHING
    html = block(headline(words("Listeners"), words(count)), element("div", drawn, names="pfnb-full"))
    lines = ["", *text_table(_HEADS, rows, ends=(4,)), *rest(len(listeners) - ROWS)] if shown else []
    return {"text/plain": "\n".join([count, *lines]), "text/html": html}


def _cells(listener: Mapping[str, Any]) -> tuple[str, ...]:
    given = {**listener, "notebook": STORED if listener.get("notebook") == "" else listener.get("notebook")}
    names = [short(given.get(key) or UNKNOWN, Mask()) for key in ("name", "pattern", "notebook", "owner")]
    pending, created = listener.get("pending") or 0, utc_time(listener.get("created"))
    return *names, f"{pending:,}", created, "connected" if listener.get("connected") else "away"
