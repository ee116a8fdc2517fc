"""A payload unfolds in pages, masked, and every field knows the expression that reads it."""

from __future__ import annotations

import json

import pytest

from pfnb.display.payload import parse_json
from pfnb.display.tree import Embedded
from pfnb.kernel.widgets.branches import PAGE, Tree, page, top, whole_text
from pfnb.kernel.widgets.expressions import expression
from pfnb.language import render
from pfnb.language.masking import MASK, Mask

ODD = [
    "plain",
    "with space",
    "it's",
    'say "so"',
    "a.b",
    "a}b",
    "#{x}",
    "1st",
    "",
    "käse",
    "$ref",
    "and",
    "null",
    "T(x)",
    "a\nb",
    "]",
]


def tree(value, root="body.payload"):
    return Tree(value, Mask(), root)


@pytest.mark.parametrize("key", ODD)
def test_the_expression_of_a_field_reads_that_field(key):
    value = {"list": [{}, {key: {"n": 42}}]}
    copied = expression("body.payload", ["list", 1, key, "n"])
    assert render(copied, {"body": {"payload": value}, "vars": {}, "headers": {}}) == 42


def test_expressions_are_written_as_a_person_would_write_them():
    steps = ["pull_request", "labels", 0, "unit price"]
    assert expression("body.payload", steps) == "#{body.payload.pull_request.labels[0]['unit price']}"


def test_a_long_list_comes_in_pages():
    long = tree({"items": list(range(2 * PAGE + 5))})
    first = page(long, [0], 0)
    last = page(long, [0], 2 * PAGE)
    assert first["size"] == 2 * PAGE + 5
    assert [len(first["rows"]), len(last["rows"])] == [PAGE, 5]
    assert last["rows"][0]["expression"] == f"#{{body.payload.items[{2 * PAGE}]}}"


def test_a_child_is_found_by_its_place_whatever_its_key_says():
    twins = tree({"password": {"a": 1}, "x" * 500: {"deep": "found"}})
    assert page(twins, [1], 0)["rows"][0]["text"] == "found"


def test_what_stands_below_a_secret_name_stays_hidden_on_every_page():
    secret = tree({"credentials": {"list": ["hunter2", {"deep": "hunter3"}]}})
    below = [page(secret, place, 0)["rows"] for place in ([0, 0], [0, 0, 1])]
    assert [row["text"] for rows in below for row in rows if row["kind"] != "object"] == [MASK, MASK]
    assert "hunter" not in json.dumps([*below, top(secret)])


def test_the_name_of_a_header_hides_its_value_also_beyond_the_first_page():
    pairs = {"name": "Authorization", **{f"k{n}": n for n in range(PAGE)}, "value": "s3cret"}
    assert page(tree(pairs), [], PAGE)["rows"][-1]["text"] == MASK


def test_numbers_are_shown_as_they_were_written():
    rows = top(tree(parse_json('{"big": 12345678901234567890123, "e": 1.10}')))["rows"]
    assert [row["text"] for row in rows] == ["12345678901234567890123", "1.10"]


def test_a_long_text_is_cut_until_it_is_asked_for():
    rows = top(tree({"text": "ab" * 5000}))["rows"]
    assert rows[0]["cut"]
    assert len(rows[0]["text"]) < 1000
    assert whole_text(tree({"text": "ab" * 5000}), [0])["text"] == "ab" * 5000


def test_fields_within_an_embedded_document_copy_the_text_that_holds_it():
    rows = page(tree({"payload": Embedded({"action": "opened"})}), [0], 0)["rows"]
    assert rows[0]["text"] == "opened"
    assert rows[0]["expression"] == "#{body.payload.payload}"


def test_where_pipelines_cannot_reach_there_is_no_expression():
    assert top(tree({"a": 1}, root=None))["rows"][0]["expression"] is None


def test_unseen_characters_are_marked():
    (row,) = top(tree({"a\u202eb": "x\u200by"}))["rows"]
    assert row["key"] == "a⟨U+202E⟩b"
    assert row["text"] == "x⟨U+200B⟩y"
