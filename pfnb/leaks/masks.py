"""Masks secrets: only the end stays readable."""

from __future__ import annotations

import re
from collections.abc import Collection

from pfnb.uuid_tail import masked_uuid

_FROM_FIRST_HYPHEN = re.compile(r"-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_BEFORE = 8


def mask(text: str, secrets: Collection[str]) -> tuple[str, set[str]]:
    """The text with these uuids masked, and those that it contained. `secrets` are in lower case."""
    pieces: list[str] = []
    found: set[str] = set()
    end = 0
    for match in _FROM_FIRST_HYPHEN.finditer(text):
        start = match.start() - _BEFORE
        uuid = text[max(start, end) : match.end()].lower()
        if uuid in secrets:
            pieces += (text[end:start], masked_uuid(uuid))
            found.add(uuid)
            end = match.end()
    return "".join((*pieces, text[end:])), found
