"""Parameters that PIPEFORCE documents, and what they do."""

from __future__ import annotations

from typing import Any

import pytest

from pfnb.exceptions import AssertionFailedError, ParameterError
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]


def steps(*lines: str) -> str:
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("value", "format_", "result"),
    [
        ("'{\"a\": 1}'", "json", {"a": 1}),
        ("'{\"a\": 1}'", "auto", {"a": 1}),
        ("'{\"a\": 1}'", "none", '{"a": 1}'),
        ("hello", "auto", "hello"),
        ("'7'", "number", 7),
        ("'true'", "boolean", True),
        ("{a: 1}", "string", '{"a": 1}'),
        ("{a: 1}", "json", {"a": 1}),
    ],
)
async def test_a_text_is_converted_to_the_format(run: Any, value: str, format_: str, result: Any) -> None:
    assert (await run(steps(f"body.set: {{value: {value}, format: {format_}}}"))).body == result
    text = steps(f"var: {{key: x, value: {value}, format: {format_}}}", 'body: "#{vars.x}"')
    assert (await run(text)).body == result


@pytest.mark.parametrize(
    ("value", "format_"), [("hello", "json"), ("hello", "number"), ("'true'", "number"), ("1", "text")]
)
async def test_what_does_not_fit_its_format_is_an_error(run: Any, value: str, format_: str) -> None:
    with pytest.raises(ParameterError):
        await run(steps(f"body.set: {{value: {value}, format: {format_}}}"))


async def test_expect_and_actual_of_an_assertion(run: Any) -> None:
    assert (await run(steps('assert: {expect: 3, actual: "#{1 + 2}"}', "assert: {expect: 5}"), body=5)).body == 5
    with pytest.raises(AssertionFailedError, match="5 is not equal to 6"):
        await run(steps("assert: {expect: 6}"), body=5)


async def test_args_of_a_call_are_its_variables(run: Any) -> None:
    text = steps('call: {uri: "$uri:command:body.set?value=%23%7Bvars.name%7D", args: {name: Ada}}')
    assert (await run(text)).body == "Ada"


async def test_a_selector_is_a_filter(run: Any) -> None:
    text = steps("event.listen: {key: order.*, selector: body.payload.total > 10, filter: 'false'}", "body.set: ran")
    assert (await run(text, event={"payload": {"total": 11}})).body == "ran"
    assert (await run(text, event={"payload": {"total": 9}})).skipped


async def test_the_cache_of_run_as_makes_no_difference(run: Any) -> None:
    assert (await run(steps('iam.run.as: {username: ada, caching: "yes"}'), body=1)).body == 1


async def test_a_validation_may_report_instead_of_failing(run: Any) -> None:
    schema = "{type: object, required: [name]}"
    text = steps(f"json.validate: {{schema: {schema}, throwException: false}}")
    assert (await run(text, body={"name": "Ada"})).body == {"status": "ok", "message": None}
    found = (await run(text, body={})).body
    assert found["status"] == "error"
    assert "name" in found["message"]


async def test_without_a_schema_only_json_is_demanded(run: Any) -> None:
    assert (await run(steps("json.validate"), body='{"a": 1}')).body == '{"a": 1}'
    with pytest.raises(ParameterError, match="not JSON"):
        await run(steps("json.validate"), body="{a")


async def test_deleting_an_unknown_webhook_does_nothing(run: Any) -> None:
    text = steps("webhook.delete: {uuid: 0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd}")
    assert (await run(text, body=1)).body is None
