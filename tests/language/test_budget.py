"""A step's budget: what it counts, and what it says when there is nothing left."""

from __future__ import annotations

import pytest

from pfnb.exceptions import RunLimitError
from pfnb.language import budget
from pfnb.language.budget import BYTES, STEPS, Budget
from pfnb.language.offload import threaded


def test_each_limit_says_what_it_is_and_what_would_be_right():
    with pytest.raises(RunLimitError, match="more than 5,000,000 steps of work: give it less data"):
        Budget().spend(STEPS + 1)
    with pytest.raises(RunLimitError, match="more than 64 MiB: give it less data"):
        Budget().take(BYTES + 1)


async def test_work_in_threads_counts_by_its_processor_time_alone():
    def work() -> None:
        while True:
            budget.current().spend(1)

    with budget.granted(Budget(seconds=0.05)) as granted:
        with pytest.raises(RunLimitError, match=r"more than 0\.05 s of processor time"):
            await threaded(work)
        with pytest.raises(RunLimitError):
            await threaded(granted.check)
    assert budget.current() is not granted


async def test_a_thread_that_waits_for_another_does_not_count_its_time_twice():
    granted = Budget()

    def inner() -> float:
        return granted.seconds_left

    with budget.granted(granted), granted.measured():
        assert 0 < await threaded(inner) <= 1
    assert granted.seconds_left > 0.9
