"""One judgement of what a content type says."""

import pytest

from pfnb.language.media_types import is_json, typed_value


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/hal+json", "text/json"]
)
def test_one_json_value_is_read(content_type):
    assert is_json(content_type)
    assert typed_value('{"a": 1}', content_type) == {"a": 1}


@pytest.mark.parametrize(
    "content_type", ["", "application/x-ndjson", "application/jsonl", "text/plain", "application/json-seq", "json"]
)
def test_anything_else_is_text(content_type):
    assert not is_json(content_type)
    assert typed_value('{"a": 1}', content_type) == '{"a": 1}'


def test_what_is_not_what_its_type_says_is_text():
    assert typed_value("{", "application/json") == "{"
    assert typed_value("[" * 100_000, "application/json") == "[" * 100_000
