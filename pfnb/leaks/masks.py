"""How a secret is shown where it must not be readable: by its end."""

from __future__ import annotations

import re
from collections.abc import Collection

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def masked(uuid: str) -> str:
    """`…6936bd`."""
    return f"…{uuid[-6:]}"


def mask(text: str, secrets: Collection[str]) -> tuple[str, set[str]]:
    """The text with these uuids masked, and which of them stood in it. `secrets` are in lower case."""
    found: set[str] = set()

    def replacement(match: re.Match[str]) -> str:
        uuid = match[0].lower()
        if uuid not in secrets:
            return match[0]
        found.add(uuid)
        return masked(uuid)

    return _UUID.sub(replacement, text), found
