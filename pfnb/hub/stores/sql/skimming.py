"""Rules out the events that cannot contain a text, many at once: reading each row as an event would take four times as long."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any

import sqlalchemy as sa

from pfnb.hub.stores.search import unescaped
from pfnb.hub.stores.sql.schema import events
from pfnb.language.charset import known_charset, named_charset

_SMALL = 16 * 1024
"""Bytes of a body up to which an event is skimmed: the texts of all that are skimmed at once are in memory several times."""
_NAMES: sa.ColumnElement[str] = reduce(
    lambda names, name: names + "\n" + events.c[name], ("id", "trace_id", "correlation_id", "head"), events.c.event_key
)
SKIMMED = (events.c.seq, events.c.size, events.c.content_type, _NAMES.label("names"), events.c.body)
"""The columns that are needed for it."""


def may_contain(found: Sequence[sa.Row[*tuple[Any, ...]]], wanted: str) -> list[int]:
    """The seqs of the events that must be searched: the others do not contain `wanted`, which is casefolded."""
    texts = [(seq, _text(*row)) for seq, *row in found]
    skimmed = [(seq, text) for seq, text in texts if text is not None]
    containing: list[int] = []
    if wanted in unescaped("\0".join([text for _, text in skimmed])).casefold():
        containing = [seq for seq, text in skimmed if wanted in unescaped(text).casefold()]
    return [seq for seq, text in texts if text is None] + containing


def _text(size: int, content_type: str, names: str, body: bytes | None) -> str | None:
    """At least all that is searched in an event, as one text. None if its row alone does not give it."""
    # The head is JSON: without a backslash, all its texts are as they were. A header is searched as `name: value`.
    if body is None or size > _SMALL or "\\" in names or not _is_utf8(content_type):
        return None
    try:
        return names.replace('":"', ": ") + "\0" + body.decode()
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=256)
def _is_utf8(content_type: str) -> bool:
    return known_charset(named_charset(content_type)) in (None, "utf-8", "ascii")
