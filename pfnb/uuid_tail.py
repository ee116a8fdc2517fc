"""The end of a webhook's uuid, which identifies the webhook wherever its secret is not shown."""

from __future__ import annotations

LENGTH = 6


def tail(uuid: str) -> str:
    return uuid[-LENGTH:]


def masked_uuid(uuid: str) -> str:
    """A webhook's uuid as shown wherever it is not explicitly requested: `…6936bd`."""
    return f"…{tail(uuid)}"
