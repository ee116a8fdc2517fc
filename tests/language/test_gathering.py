"""The headers `debounce` and `batch`, as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from pfnb.exceptions import ParameterError
from pfnb.language import parse_pipeline
from pfnb.language.gathering import Batch, Debounce, batch_of, debounce_of, gathering_of

LISTEN = "pipeline:\n  - event.listen: {key: a.b}\n  - log: {message: x}\n"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("30s", Debounce(30, 300)),
        (0.5, Debounce(0.5, 5)),
        ("5h", Debounce(18_000, 86_400)),
        ({"wait": "10s", "maxWait": "1m"}, Debounce(10, 60)),
        ({"wait": 1, "by": "body.payload.id"}, Debounce(1, 10, "#{body.payload.id}")),
        ({"wait": 1, "by": "#{body.payload.id}"}, Debounce(1, 10, "#{body.payload.id}")),
    ],
)
def test_debounce_is_a_time_or_a_map(given: Any, read: Debounce) -> None:
    assert debounce_of(given) == read
    assert gathering_of(read.to_json()) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (20, Batch(20, 5)),
        ({}, Batch(100, 5)),
        ({"size": 7, "wait": "2m"}, Batch(7, 120)),
        ({"wait": 0.5}, Batch(100, 0.5)),
    ],
)
def test_batch_is_a_size_or_a_map(given: Any, read: Batch) -> None:
    assert batch_of(given) == read
    assert gathering_of(read.to_json()) == read


@pytest.mark.parametrize(
    ("header", "reason", "column"),
    [
        ("debounce: soon", "debounce must be a time", 13),
        ("debounce: {maxWait: 5s}", "debounce needs wait", 13),
        ("debounce: {wait: 5s, maxWait: 1s}", "must not be shorter than wait", 13),
        ("debounce: {wait: 5s, max: 1s}", "has no 'max'", 13),
        ("debounce: {wait: 5s, by: '#{body.}'}", r"debounce.by.*column 8", 13),
        ("debounce: {wait: 5s, by: 7}", "debounce.by must be an expression", 13),
        ("batch: 0", "from 1 to 1,000", 10),
        ("batch: {size: 2000}", "from 1 to 1,000", 10),
        ("batch: {size: 2, wait: 2d}", "batch.wait must be a time", 10),
        ("batch: {count: 2}", "has no 'count'", 10),
        ("batch: 5\n  debounce: 5s", "both debounce and batch", 3),
        ("ordered: strict\n  debounce: 5s", "remove ordered", 3),
    ],
)
def test_what_is_wrong_is_said_with_its_place(header: str, reason: str, column: int) -> None:
    with pytest.raises(ParameterError, match=reason) as raised:
        parse_pipeline(f"headers:\n  {header}\n{LISTEN}", _registry())
    assert (raised.value.line, raised.value.column) == (2, column)


def test_a_filter_beside_debounce_is_refused_since_it_would_lose_events() -> None:
    text = "headers: {debounce: 5s}\npipeline:\n  - event.listen: {key: a.b, filter: '#{body.x}'}\n"
    with pytest.raises(ParameterError, match="put it on the webhook") as raised:
        parse_pipeline(text, _registry())
    assert raised.value.line == 3


def test_the_headers_are_in_the_rules() -> None:
    assert parse_pipeline(f"headers: {{batch: 3}}\n{LISTEN}", _registry()).rules.gathering == Batch(3, 5)
    assert parse_pipeline(f"headers: {{debounce: 3s}}\n{LISTEN}", _registry()).rules.gathering == Debounce(3, 30)
    assert parse_pipeline(LISTEN, _registry()).rules.gathering is None


def _registry() -> Any:
    from pfnb import commands

    return commands.load()
