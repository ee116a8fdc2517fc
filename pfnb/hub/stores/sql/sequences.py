"""The commit numbers of events and deliveries: they only grow, whatever is removed."""

from __future__ import annotations

import itertools

LAST_SEQ = "last_seq"
LAST_DELIVERY = "last_delivery"
"""Counters in the database: numbers up to these were given, even if nothing has them any more."""


class Sequences:
    """The next numbers of events and deliveries; the single writer thread counts them itself."""

    def __init__(self, last_seq: int, last_delivery: int) -> None:
        self.event = itertools.count(last_seq + 1)
        self.delivery = itertools.count(last_delivery + 1)
