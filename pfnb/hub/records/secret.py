"""A secret as the store keeps it: encrypted, by its owner and its name."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SecretRecord:
    """`sealed` is the encrypted value; None removes the secret. Only the hub's key opens it."""

    owner: str
    name: str
    sealed: bytes | None = field(repr=False)
