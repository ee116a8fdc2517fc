"""Declaring commands: what a signature says, what names mean, and what is refused."""

from typing import Annotated

import pytest
from pydantic import Field

from pfnb.commands import load
from pfnb.exceptions import NameTakenError, ParameterError, UnknownCommandError
from pfnb.language import BlockDeclaration, CommandRegistry


@pytest.fixture
def registry():
    return CommandRegistry()


def test_a_function_stays_what_it_is(registry):
    @registry.command("twice")
    def twice(body, times: int = 2):
        return body * times

    assert twice(3) == 6
    assert registry.get("twice").function is twice


def test_what_the_runner_gives_is_no_parameter(registry):
    @registry.command("all")
    def everything(body, event, vars, headers, context, own): ...  # noqa: A002 - the word of the language

    found = registry.get("all")
    assert found.given == ("body", "event", "vars", "headers", "context")
    assert found.parameters.names() == ["own"]


def test_names_that_models_use_themselves_are_fine_for_parameters(registry):
    @registry.command("odd")
    def odd(json: int, copy: int, model_config: int, schema: int = 4): ...

    arguments = registry.get("odd").parameters.validate({"json": 1, "copy": 2, "model_config": "3"})
    assert arguments == {"json": 1, "copy": 2, "model_config": 3, "schema": 4}


def test_the_schema_spells_parameters_as_pipelines_do(registry):
    @registry.command("score")
    def score(full_name: Annotated[str, Field(description="Whose?")], in_: int = 1): ...

    schema = registry.get("score").model.model_json_schema()
    assert schema["properties"]["fullName"]["description"] == "Whose?"
    assert schema["required"] == ["fullName"]
    assert "in" in schema["properties"]


def test_every_built_in_command_has_a_description_and_a_schema():
    for found in load():
        assert found.description
        for name, field in found.model.model_json_schema()["properties"].items():
            assert field.get("description"), f"{found.name}: {name}"


def test_defaults_that_can_change_are_new_for_every_call(registry):
    @registry.command("collect")
    def collect(into: list[int] = []): ...  # noqa: B006 - what users write

    parameters = registry.get("collect").parameters
    parameters.validate({})["into"].append(1)
    assert parameters.validate({}) == {"into": []}


@pytest.mark.parametrize("wrong", ["scores.put", "scor", "Score"])
def test_an_unknown_name_is_told_the_nearest(registry, wrong):
    @registry.command("score")
    def score(): ...

    with pytest.raises(UnknownCommandError, match=f'no command "{wrong}": did you mean "score"'):
        registry.get(wrong)


def test_the_part_of_a_block_is_told_to_be_one():
    with pytest.raises(UnknownCommandError, match=r'"if\.else" is not a command by itself: it belongs to "if"'):
        load().get("if.else")


def test_a_name_may_be_declared_again_but_not_a_built_in_one():
    registry = load().copy()
    for _ in range(2):

        @registry.command("mine")
        def mine(): ...

    assert registry.get("mine").function is mine
    for name in ("log", "set.body", "if.end"):
        with pytest.raises(NameTakenError, match="built-in"):
            registry.command(name)(mine)
    assert "mine" not in load()


def test_a_block_needs_an_asynchronous_function_that_takes_it(registry):
    declaration = BlockDeclaration("x.end")
    with pytest.raises(ParameterError, match="block"):

        @registry.command("x", block=declaration)
        async def without(): ...

    with pytest.raises(ParameterError, match="async def"):

        @registry.command("x", block=declaration)
        def synchronous(block): ...

    with pytest.raises(ParameterError, match="block"):

        @registry.command("x")
        async def undeclared(block): ...


def test_parameters_without_names_are_refused(registry):
    registry.command("x")(lambda *values: None)
    with pytest.raises(ParameterError, match="cannot be given by name"):
        _ = registry.get("x").parameters


def test_an_annotation_that_means_nothing_is_said(registry):
    def wrong(value: "Nothing"): ...  # noqa: F821

    with pytest.raises(ParameterError, match="Nothing"):
        registry.command("x")(wrong)


def test_names_are_listed_with_the_parts_of_blocks():
    assert {"if", "if.else", "if.end", "set.body", "body.set"} <= set(load().names())
    assert len(list(load())) < len(load().names())
