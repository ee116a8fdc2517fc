"""A step's `input`, and addresses as values of parameters."""

from __future__ import annotations

import pytest

from pfnb.exceptions import ParameterError, PelEvaluationError

ORDER = {"total": 7}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("vars.order.total", 7),
        ('"#{vars.order.total}"', 7),
        ('"1 + 1"', 2),
        ('"{1, 2}"', [1, 2]),
        ("\"@text.upperCase('a')\"", "A"),
        ("body", "all"),
        ("true", True),
        ("5", 5),
        ("Done!", "Done!"),
        ("Done", "Done"),
        ('"Hello world"', "Hello world"),
        ("order-7", "order-7"),
        ("{name: x, total: '#{vars.order.total}'}", {"name": "x", "total": 7}),
        ("[1, '#{vars.order.total}']", [1, 7]),
    ],
)
async def test_an_input_is_an_expression_or_a_value(run, written, value):
    text = f"vars: {{order: {{total: 7}}}}\nbody: all\npipeline:\n  - set: {{input: {written}}}"
    assert (await run(text)).body == value


async def test_a_misspelt_path_is_not_taken_for_a_text(run):
    with pytest.raises(PelEvaluationError, match="did you mean 'vars'"):
        await run("vars: {order: 7}\npipeline:\n  - set: {input: vras.order}")


@pytest.mark.parametrize("mark", ["$uri", "uri"])
async def test_a_literal_address_stands_for_what_it_points_to(run, mark):
    text = f'pipeline:\n  - body.set: "{mark}:command:body.set?value=hello"'
    assert (await run(text)).body == "hello"


async def test_an_address_from_a_payload_is_text(run):
    address = "$uri:command:body.set?value=hello"
    text = "pipeline:\n  - body.set: '#{body}'\n  - set: {input: body}\n  - set: {value: {nested: '#{body}'}}"
    assert (await run(text, body=address)).body == {"nested": address}


async def test_a_wrong_address_is_said_with_its_place(run):
    with pytest.raises(PelEvaluationError) as caught:
        await run("pipeline:\n  - body.set:\n      value: $uri:property:global/app/a#nope.nope")
    assert caught.value.line == 3


@pytest.mark.parametrize("header", ["apitoken", "username", "password"])
async def test_credentials_in_headers_are_refused_instead_of_ignored(run, header):
    with pytest.raises(ParameterError, match="must not contain tokens or passwords") as caught:
        await run(f"headers:\n  {header}: x\npipeline: [log]")
    assert caught.value.line == 2
