"""The commit numbers of events and deliveries: they only grow, whatever is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sequences:
    """The next numbers of events and deliveries. Only the writer takes them."""

    event: Iterator[int]
    delivery: Iterator[int]
