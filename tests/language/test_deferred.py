"""Parameters whose expressions the command evaluates itself."""

import json

import pytest

from pfnb.exceptions import ParameterError, PelEvaluationError, PelSyntaxError
from pfnb.language import Lazy, Verbatim, command_pipeline, parse_pipeline


@pytest.fixture
def registry(registry):
    @registry.command("test.all")
    def every(body, do: Lazy, name: str = "item"):
        return [do(**{name: item}) for item in body]

    @registry.command("test.optional")
    def optional(do: Lazy | None = None):
        return "none" if do is None else do()

    @registry.command("test.text")
    def text(text: Verbatim):
        return text()

    return registry


def step(command, **parameters):
    return "pipeline:\n  - " + json.dumps({command: parameters})


@pytest.mark.parametrize("do", ["item * vars.two", "#{item * vars.two}", "${item * vars.two}", " item * vars.two ;"])
async def test_an_expression_is_evaluated_as_often_as_the_command_likes(run, do):
    assert (await run(step("test.all", do=do), body=[1, 2], vars={"two": 2})).body == [2, 4]


async def test_names_are_those_that_the_command_gives(run):
    assert (await run(step("test.all", do="one + body.size()", name="one"), body=[1, 2])).body == [3, 4]


async def test_several_expressions_are_evaluated_in_their_order(run):
    do = "vars.sum = vars.sum + item;\nvars.last = 'a;b';\n vars.sum"
    result = await run(step("test.all", do=do), body=[1, 2], vars={"sum": 0})
    assert result.body == [1, 3]


async def test_what_is_assigned_is_seen_by_later_steps(run):
    text = step("test.optional", do="body = 5; null") + "\n  - body.set: '#{body + 1}'"
    assert (await run(text, body=1)).body == 6


async def test_a_name_of_the_scope_may_be_hidden_for_a_while(run):
    text = step("test.all", do="vars = 1", name="vars") + "\n  - body.set: '#{vars.a}'"
    assert (await run(text, body=[0], vars={"a": "kept"})).body == "kept"


@pytest.mark.parametrize("given", [{}, {"do": None}])
async def test_it_may_be_left_out(run, given):
    assert (await run(step("test.optional", **given))).body == "none"


@pytest.mark.parametrize("given", [{}, {"do": None}])
def test_or_may_not(registry, given):
    with pytest.raises(ParameterError, match='needs the parameter "do"'):
        parse_pipeline(step("test.all", **given), registry)


async def test_what_an_expression_yields_is_data(run):
    assert (await run(step("test.all", do="item"), body=["#{1 + 1}"])).body == ["#{1 + 1}"]


def test_a_mistake_is_told_before_the_run_with_its_place(registry):
    text = "pipeline:\n  - test.all:\n      do: |\n        vars.a = 1;\n          item +"
    with pytest.raises(PelSyntaxError) as caught:
        parse_pipeline(text, registry)
    assert (caught.value.line, caught.value.step) == (5, 1)


async def test_so_is_one_over_the_data(run):
    text = "pipeline:\n  - test.all:\n      do: |\n        vars.a = 1;\n          item.b"
    with pytest.raises(PelEvaluationError) as caught:
        await run(text, body=[{"a": 1}])
    assert (caught.value.line, caught.value.column) == (5, 16)


@pytest.mark.parametrize("do", [["a"], {"a": 1}])
def test_only_a_text_can_be_an_expression(registry, do):
    with pytest.raises(ParameterError, match="do must be a text"):
        parse_pipeline(step("test.all", do=do), registry)


def test_an_empty_text_is_none(registry):
    with pytest.raises(ParameterError, match="expected an expression"):
        parse_pipeline(step("test.all", do=" ; "), registry)


def test_the_command_api_gives_expressions_as_texts(registry):
    (call,) = command_pipeline("test.all", {"do": "item + 1"}, registry).steps
    assert repr(call.arguments["do"]) == "item + 1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello #{vars.a}", "Hello #{vars.a}"),
        ("${vars.a}", "${vars.a}"),
        ("#{vars.a}", "#{1 + 1}"),
        ("#{vars.a}!", "#{vars.a}!"),
        ("{# remark #}", "{# remark #}"),
    ],
)
async def test_a_text_in_another_language_is_left_alone_unless_it_is_one_expression(run, text, expected):
    assert (await run(step("test.text", text=text), vars={"a": "#{1 + 1}"})).body == expected


def test_the_schema_says_that_it_is_an_expression(registry):
    schema = registry.get("test.optional").model.model_json_schema()
    assert schema["properties"]["do"]["anyOf"] == [
        {"type": ["string", "number", "boolean"], "format": "expression"},
        {"type": "null"},
    ]
