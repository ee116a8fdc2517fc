"""A rate counts what happened within the last minute."""

from __future__ import annotations

from pfnb.hub.rate import Rate


def test_what_is_older_than_a_minute_counts_no_more() -> None:
    clock = [1000.0]
    rate = Rate(lambda: clock[0])
    for _ in range(3):
        rate.note()
    clock[0] += 30
    rate.note()
    assert rate.last_minute() == 4
    clock[0] += 30
    assert rate.last_minute() == 1
    clock[0] += 30
    assert rate.last_minute() == 0
