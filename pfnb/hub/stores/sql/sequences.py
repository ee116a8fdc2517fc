"""The commit numbers of events and deliveries: they only grow, whatever is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LAST_SEQ = "last_seq"
LAST_DELIVERY = "last_delivery"
"""Counters in the database: numbers up to these were given, even if nothing has them any more."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """The next numbers of events and deliveries. Only the writer takes them."""

    event: Iterator[int]
    delivery: Iterator[int]
