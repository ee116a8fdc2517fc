"""JSON held against its schema, and nothing fetched for it."""

import json
import time

import pytest

from pfnb.exceptions import AssertionFailedError, ParameterError
from pfnb.language import ANONYMOUS
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

PERSON = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "age": {"minimum": 18}}}


def validated(schema, **given):
    return "pipeline:\n  - " + json.dumps({"json.validate": {"schema": schema, **given}})


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (PERSON, {"name": "Ada", "age": 36}),
        (PERSON, '{"name": "Ada"}'),
        (json.dumps(PERSON), {"name": "#{7*7}"}),
        ({"definitions": {"a": {"type": "integer"}}, "items": {"$ref": "#/definitions/a"}}, [1, 2]),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"const": 1}]}, [1, "x"]),
        ({"uniqueItems": True}, [1, True, "1", [1], [True], {"a": 1}, {"a": True}, None, 0, False]),
        ({"patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": False}, {"a1": 1}),
        (True, {}),
    ],
)
async def test_what_fits_goes_on_unchanged(run, schema, body):
    assert (await run(validated(schema), body=body, user=ANONYMOUS)).body == body


@pytest.mark.parametrize(
    ("schema", "body", "words"),
    [
        (PERSON, {"age": 12}, r"\$: 'name' is a required property; \$.age: 12 is less than the minimum of 18"),
        (PERSON, '{"name": 5}', r"\$.name: 5 is not of type 'string'"),
        ({"items": {"const": 0}}, [1] * 9, r"\$\[4\]: 0 was expected; and more"),
        ({"uniqueItems": True}, [{"a": [1]}, {"a": [1.0]}], "two items are the same"),
        ({"items": {"pattern": "^#[0-9]+$"}}, ["#1", "1"], r"\$\[1\]: '1' does not match"),
        ({"patternProperties": {"^a": {"type": "integer"}}}, {"a1": "x"}, r"\$.a1: 'x' is not of type"),
        (
            {"properties": {"a": True}, "additionalProperties": False},
            {"a": 1, "b": 2},
            "'b' is not allowed as a property",
        ),
        ({"additionalProperties": {"const": 1}}, {"b": 2}, r"\$.b: 1 was expected"),
        ({"prefixItems": [{"const": 2}]}, [1], r"\$\[0\]: 2 was expected"),
        (False, 1, "False schema"),
    ],
)
async def test_what_does_not_ends_the_run_with_its_place(run, schema, body, words):
    version = {"version": "V202012"} if isinstance(schema, dict) and "prefixItems" in schema else {}
    with pytest.raises(AssertionFailedError, match=words) as caught:
        await run(validated(schema, **version), body=body)
    assert (caught.value.line, caught.value.step) == (2, 1)


async def test_schema_and_data_may_be_files(run, hub):
    schema = await hub.put_content(json.dumps(PERSON).encode(), name="s.json", content_type="application/json")
    data = await hub.put_content(b'{"name": 5}', name="d.json", content_type="application/json; charset=utf-8")
    text = 'pipeline:\n  - json.validate: {schema: "#{vars.schema}", input: "#{vars.data}"}'
    with pytest.raises(AssertionFailedError, match="5 is not of type"):
        await run(text, vars={"schema": schema, "data": data})


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "strnig"}, r"the schema is wrong: \$.type"),
        ([1], "expected a map"),
        ("no JSON", "the schema is a text, but not JSON"),
        ({"$ref": "file:///etc/passwd"}, "refers to 'file:///etc/passwd'"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "refers to 'http://127.0.0.1:9/schema.json'"),
        ({"$ref": "#/nowhere"}, "refer only to parts of itself"),
        ({"$ref": "#"}, "refers to itself endlessly"),
        ({"pattern": "("}, r"the schema is wrong: \$.pattern: '\(' is not a 'regex'"),
    ],
)
async def test_a_wrong_schema_says_so(run, schema, words):
    with pytest.raises(ParameterError, match=words):
        await run(validated(schema), body='"text"')


@pytest.mark.alone
@pytest.mark.parametrize(
    "schema",
    [{"pattern": "^(a|aa)+$"}, {"patternProperties": {"^(a|aa)+$": True}, "additionalProperties": False}],
)
async def test_no_text_makes_its_patterns_run_for_long(run, schema):
    long = "a" * 100 + "!"
    body = json.dumps(long) if "pattern" in schema else json.dumps({long: 1})
    began = time.monotonic()
    with pytest.raises(ParameterError, match="take too long"):
        await run(validated(schema), body=body)
    assert time.monotonic() - began < 20


async def test_data_nested_without_end_is_refused(run):
    body = [1]
    for _ in range(5_000):
        body = [body]
    with pytest.raises(ParameterError, match="nested too deeply"):
        await run(validated({"items": {"$ref": "#"}}), body=body)
