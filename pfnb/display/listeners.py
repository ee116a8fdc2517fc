"""The display of a hub's listeners: which are connected, which are away, and how much is pending."""

from __future__ import annotations

from collections.abc import Sequence

from pfnb.display.block import NOTHING, Budget, block, code, element, headline, status, table, words
from pfnb.display.entry import short
from pfnb.display.plain import rest, text_table
from pfnb.display.units import human_count, utc_time
from pfnb.language.masking import Mask
from pfnb.rows.listener import ListenerHere

ROWS = 100
STORED = "(stored)"
"""Shown instead of a notebook, for a stored pipeline."""
CONNECTED = "connected"
MANY = 60
"""From this many runs a minute on, the state shows them: this exposes pipelines that trigger each other in a loop."""
ALL = "all notebooks"
"""Shown after the pattern of a listener that also gets events of other notebooks."""
LONG = 5
"""Seconds after which the state shows how long a run takes."""
_SIZE = 150_000
_PROBLEM = 500
_HEADS = ("Pipeline", "Pattern", "Notebook", "Owner", "Pending", "Created (UTC)", "State")


def listeners_bundle(listeners: Sequence[ListenerHere]) -> dict[str, str]:
    """The mime bundle of at most 100 listeners, as `list_listeners` gives them."""
    shown = listeners[:ROWS]
    count = human_count(len(listeners), "listener")
    rows = [_cells(listener) for listener in shown]
    cells = (
        (
            *map(code, row[:4]),
            *map(words, row[4:6]),
            status(row[6], "succeeded" if row[6].startswith(CONNECTED) else "pending"),
        )
        for row in rows
    )
    drawn = table(_HEADS, cells, total=len(listeners), budget=Budget(_SIZE), ends=(4,)) if shown else NOTHING
    problems = dict.fromkeys(short(one["problem"], Mask(), _PROBLEM) for one in listeners if "problem" in one)
    said = [element("div", words(problem)) for problem in problems]
    html = block(headline(words("Listeners"), words(count)), *said, element("div", drawn, names="pfnb-full"))
    lines = ["", *text_table(_HEADS, rows, ends=(4,)), *rest(len(listeners) - ROWS)] if shown else []
    lines = [*problems, *lines]
    return {"text/plain": "\n".join([count, *lines]), "text/html": html}


def _cells(listener: ListenerHere) -> tuple[str, ...]:
    pattern = f"{listener['pattern']} ({ALL})" if listener["allNotebooks"] else listener["pattern"]
    named = (listener["name"], pattern, listener["notebook"] or STORED, listener["owner"])
    names = [short(text, Mask()) for text in named]
    return *names, f"{listener['pending']:,}", utc_time(listener["created"]), _state(listener)


def _state(listener: ListenerHere) -> str:
    if not listener["connected"]:
        return "away"
    if (seconds := listener["runningFor"] or 0) >= LONG:
        return f"{CONNECTED}, running for {seconds:.0f} s"
    runs = listener["lastMinute"]
    return f"{CONNECTED}, {runs:,} runs in a minute" if runs >= MANY else CONNECTED
