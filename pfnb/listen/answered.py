"""What a sender is answered: by the target of its request, or always the same."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answered:
    """A header that is sent several times has a list."""

    status: int
    headers: dict[str, str | list[str]] = field(repr=False)
    data: bytes = field(repr=False)
