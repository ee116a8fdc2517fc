"""Plain data in quantity: counted no further than needed, and copied."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from pfnb.language.plain_data import copied, has_more_values, uncollected
from pfnb.language.trace import MAX_VALUE, Limits, Trace


@pytest.mark.parametrize(
    ("value", "most", "expected"),
    [
        (1, 0, False),
        ("long text", 0, False),
        ([1, 2, 3], 3, False),
        ([1, 2, 3], 2, True),
        ({"a": {"b": [1, 2]}}, 4, False),
        ({"a": {"b": [1, 2]}}, 3, True),
        ([[]] * 10, 9, True),
    ],
)
def test_values_are_counted_at_every_depth(value: Any, most: int, expected: bool) -> None:
    assert has_more_values(value, most) is expected


def test_a_value_that_contains_itself_has_many() -> None:
    value: list[Any] = []
    value.append(value)
    assert has_more_values(value)


def test_a_copy_shares_nothing() -> None:
    value = {"a": [1, {"b": "ü"}], "t": object}
    for given in (value, {"a": value["a"]}):
        copy = copied(given)
        assert copy == given
        assert copy["a"] is not given["a"]
        assert copy["a"][1] is not given["a"][1]


def test_garbage_is_looked_for_again_afterwards() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_record_of_a_step_holds_a_bounded_number_of_empty_texts() -> None:
    copy = Trace(Limits()).copy([""] * 500_000)
    assert len(copy) < MAX_VALUE
