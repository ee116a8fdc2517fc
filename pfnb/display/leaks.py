"""The display of leaked secrets: which webhook, where, and whether it was deactivated."""

from __future__ import annotations

from pfnb.display.block import NOTHING, Budget, block, code, element, headline, more, status, table, words
from pfnb.display.entry import short
from pfnb.display.plain import rest, text_table
from pfnb.display.units import human_count
from pfnb.language.masking import Mask
from pfnb.rows.leak import LeakReport, LeakRow

ROWS = 100
_SIZE = 150_000
_PATH = 46
_HEADS = ("Webhook", "uuid", "Where", "Line", "Commit", "State")


def leaks_bundle(report: LeakReport) -> dict[str, str]:
    """The mime bundle of what `webhook.scan` returns: at most 100 leaks, and 20 places that could not be read."""
    leaks, unread = report["leaks"], report["unread"]
    count = human_count(len(leaks), "leak")
    looked = (
        f"{human_count(report['files'], 'file')}, {human_count(report['repositories'], 'repository', 'repositories')}"
    )
    rows = [_cells(leak) for leak in leaks[:ROWS]]
    cells = (
        (*map(code, row[:3]), words(row[3]), code(row[4]), status(row[5], "none" if leak["deactivated"] else "failed"))
        for leak, row in zip(leaks, rows, strict=False)
    )
    drawn = table(_HEADS, cells, total=len(leaks), budget=Budget(_SIZE), ends=(3,)) if rows else NOTHING
    missed = [
        f"not read: {short(one['path'], Mask(), 200)} ({short(one['reason'], Mask(), 200)})" for one in unread[:20]
    ]
    html = block(
        headline(words(count), words(looked)),
        element("div", drawn, names="pfnb-full"),
        *(element("div", code(line)) for line in missed),
        more(len(unread) - len(missed)),
    )
    lines = ["", *text_table(_HEADS, rows, ends=(3,)), *rest(len(leaks) - ROWS)] if rows else []
    return {
        "text/plain": "\n".join([f"{count} in {looked}", *lines, *missed, *rest(len(unread) - 20)]),
        "text/html": html,
    }


def _cells(leak: LeakRow) -> tuple[str, ...]:
    where = leak["path"] if leak["repository"] is None else f"{leak['repository']}: {leak['path']}"
    state = "deactivated" if leak["deactivated"] else "as it was"
    commit = (leak["commit"] or "")[:12]
    where = where if len(where) <= _PATH else f"…{where[1 - _PATH :]}"  # keep the end: it identifies the file
    key, uuid, place = (short(text, Mask()) for text in (leak["eventKey"], leak["uuid"], where))
    return key, uuid, place, f"{leak['line']:,}", commit, state
