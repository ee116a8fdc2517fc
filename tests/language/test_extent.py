"""How large values are: written out, and in memory."""

from __future__ import annotations

import json
import sys

import pytest

from pfnb.exceptions import ParameterError, RunLimitError
from pfnb.language.extent import MAX_HELD, check_held, check_written, held, shown, written


def doubled(times: int) -> list[object]:
    value: list[object] = ["leaf"]
    for _ in range(times):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    "value", [[], {}, "text", 1, 2.5, None, [1, "a", {"b": [True, None]}], {"a": "x" * 1000}, [10**300] * 3, doubled(8)]
)
def test_a_value_is_at_least_as_long_as_its_json(value: object) -> None:
    assert written(value) >= len(json.dumps(value, separators=(",", ":"))) - 2


def test_what_is_held_many_times_counts_each_time_when_written_and_once_in_memory() -> None:
    value = doubled(45)
    assert written(value) > 2**45
    assert held(value, most=10**9) < 20_000
    with pytest.raises(RunLimitError, match="40,000,000 characters"):
        check_written({"a": value})
    check_held([value])


def test_what_contains_itself_or_is_too_deep_is_an_error() -> None:
    ring: list[object] = []
    ring.append([ring])
    deep: list[object] = []
    for _ in range(2 * sys.getrecursionlimit()):
        deep = [deep]
    for value in (ring, deep, {"a": ring}):
        with pytest.raises(ParameterError, match="nested too deeply, or contains itself"):
            check_written(value)
        assert len(shown(value)) <= 60


def test_a_run_that_holds_too_much_is_told_so() -> None:
    with pytest.raises(RunLimitError, match="keep less in vars and body"):
        check_held([["x" * 1_000_000 + str(number) for number in range(MAX_HELD // 1_000_000 + 1)]])


def test_a_value_in_a_message_is_cut() -> None:
    assert shown({"a": 1}) == "{'a': 1}"
    assert shown("x" * 100).endswith("…")
    assert len(shown(doubled(45), 200)) <= 200
