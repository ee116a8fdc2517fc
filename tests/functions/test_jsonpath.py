"""`@json.path`: JSONPath of RFC 9535, and what it takes beyond that. The official suite was run, too; it is not part of this
repository."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from pfnb.exceptions import ParameterError, PelEvaluationError
from pfnb.functions.jsonpath import find

BOOKS = {
    "book": [
        {"title": "Sayings", "price": 8.95, "tags": ["old", "short"], "isbn": None},
        {"title": "Moby Dick", "price": 8, "tags": []},
        {"title": "The Lord", "price": 22.99, "isbn": "0-395"},
    ],
    "limit": 8.0,
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$.book[0].title", "Sayings"),
        ("$.book[9].title", None),
        ("$.book[*].title", ["Sayings", "Moby Dick", "The Lord"]),
        ("$.book[-1:].title", ["The Lord"]),
        ("$..price", [8.95, 8, 22.99]),
        ("$.book[?@.isbn].title", ["Sayings", "The Lord"]),
        ("$.book[?(@.price < 10 && !@.isbn)].title", ["Moby Dick"]),
        ("$.book[?@.price == $.limit].title", ["Moby Dick"]),
        ("$.book[?length(@.tags) > 1].title", ["Sayings"]),
        ("$.book[?count(@.*) == 3].title", ["Moby Dick", "The Lord"]),
        ("$.book[?match(@.title, 'M.*k')].title", ["Moby Dick"]),
        ("$.book[?search(@.title, 'o')].title", ["Moby Dick", "The Lord"]),
        ("$.book[?value(@..tags[0]) == 'old'].title", ["Sayings"]),
        ("$.book[?@.nothing == @.nowhere].price", [8.95, 8, 22.99]),
        ("$.book[0,2]['title','price']", ["Sayings", 8.95, "The Lord", 22.99]),
    ],
)
def test_a_query_selects_as_the_rfc_says(query: str, expected: Any) -> None:
    assert find(BOOKS, query) == expected


def test_escapes_in_quoted_keys_are_those_of_json() -> None:
    data = {"a\nb": 1, "anb": 2, "☺": 3, "'": 4}
    assert [find(data, rf'$["{key}"]') for key in (r"a\nb", r"\u263a", "'")] == [1, 3, 4]
    assert find(data, r"$['\'']") == 4


@pytest.mark.parametrize(("query", "expected"), [("$.first-name", "Ada"), ("$.0", "zero"), ("$['first-name']", "Ada")])
def test_names_after_a_dot_may_have_hyphens_or_be_numbers(query: str, expected: str) -> None:
    assert find({"first-name": "Ada", "0": "zero"}, query) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([1, {"a": 2}], [1.0, {"a": 2.0}], True),
        (True, 1, False),
        (None, False, False),
        ("1", 1, False),
        ([], {}, False),
    ],
)
def test_values_are_equal_as_json_is(left: Any, right: Any, *, expected: bool) -> None:
    assert bool(find([{"left": left, "right": right}], "$[?@.left == @.right]")) is expected
    assert bool(find([{"left": left, "right": right}], "$[?@.left <= @.right]")) is (expected)


@pytest.mark.parametrize(
    "query", ["", "a", "$.", "$[", "$['a]", "$[01]", "$[?@.a = 1]", "$[?length(@.*)]", "$..", "$[?f(@)]"]
)
def test_a_wrong_query_is_an_error(query: str) -> None:
    with pytest.raises(ParameterError, match="the JSONPath is wrong"):
        find({}, query)


@pytest.mark.parametrize("pattern", ["(", "a{1", "(?=a)", "[b-a]", 7])
def test_what_is_no_regular_expression_matches_nothing(pattern: Any) -> None:
    assert find([{"text": "a", "pattern": pattern}], "$[?match(@.text, @.pattern)]") == []


def test_a_regular_expression_that_takes_long_is_given_up() -> None:
    data = [{"text": "a" * 40 + "b", "pattern": "(a|aa)+(a|aa)+(a|aa)+c"}] * 3
    began = time.perf_counter()
    with suppress(PelEvaluationError):  # or the library finds a quick way
        find(data, "$[?match(@.text, @.pattern)]")
    assert time.perf_counter() - began < 10


def test_a_search_within_each_value_is_bounded() -> None:
    with pytest.raises(ParameterError, match="too much data"):
        find(list(range(2_000)), "$[?count($..*) > 1]")


def test_deep_data_is_searched_without_recursion() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": deep}
    assert find(deep, "$..a")[-1] == 1


def test_deep_data_is_compared_or_refused() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    other: Any = 1
    for _ in range(100_000):
        other = [other]
    with pytest.raises(ParameterError, match="nested too deeply"):
        find([{"a": deep, "b": other}], "$[?@.a == @.b]")
