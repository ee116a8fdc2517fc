"""A command in words, for people who ask what it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from pfnb.commands import load
from pfnb.exceptions import NotFoundError, UnknownCommandError
from pfnb.language import Command, CommandRegistry
from pfnb.language.editing.help import (
    ParameterHelp,
    annotation_in_words,
    arguments_of,
    command_help,
    help_on,
    parameters_in_words,
    type_in_words,
)
from pfnb.language.function import FunctionRegistry
from pfnb.language.reading.options import COMMON


@pytest.fixture
def score() -> Command:
    registry = CommandRegistry()

    @registry.command("crm.score", aliases=("score.crm",))
    def score(
        body: Any,
        customer_id: Annotated[str, Field(description="Whose score.", validation_alias="customer")],
        factor: Annotated[int | None, Field(description="What it is multiplied by.")] = 2,
        scale: Annotated[Literal["low", "high"], Field(description="Which scale.")] = "low",
    ) -> None:
        """Rate a customer. The higher, the better.

        Example:
            pipeline:
              - crm.score: {customerId: 5}
            # => 7
        """

    return registry.get("crm.score")


def test_the_help_of_a_command_says_all_that_its_declaration_says(score: Command) -> None:
    assert command_help(score) == (
        "crm.score customerId [factor] [scale]\n"
        "\n"
        "Rate a customer. The higher, the better.\n"
        "\n"
        "Parameters:\n"
        "  customerId: Whose score. Also spelt customer. (text, required)\n"
        "  factor: What it is multiplied by. (whole number, default 2)\n"
        '  scale: Which scale. (low or high, default "low")\n'
        "\n"
        f"As every command it also has {', '.join(COMMON)}.\n"
        "Also known as score.crm.\n"
        "\n"
        "Example:\n"
        "    pipeline:\n"
        "      - crm.score: {customerId: 5}\n"
        "    # => 7"
    )


def test_a_parameter_in_words(score: Command) -> None:
    assert parameters_in_words(score)[0] == ParameterHelp("customerId", ("customer",), "text", True, "", "Whose score.")


@pytest.mark.parametrize("command", list(load()), ids=lambda command: command.name)
def test_every_built_in_command_has_a_help(command: Command) -> None:
    assert command_help(command).startswith(command.name)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "anything"),
        ({"type": "string"}, "text"),
        ({"type": ["string", "number"]}, "text or number"),
        ({"enum": ["a", "b"]}, "`a` or `b`"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number"),
        ({"type": "array", "items": {"type": "boolean"}}, "list of true or false"),
        ({"type": "array", "items": {}}, "list"),
        ({"const": "a"}, "`a`"),
        ({"type": ["string", "number"], "format": "expression"}, "expression"),
        ({"$ref": "#/$defs/Address"}, "map"),
    ],
)
def test_a_schema_in_words(schema: dict[str, Any], words: str) -> None:
    assert type_in_words(schema) == words


@pytest.fixture
def functions() -> FunctionRegistry:
    registry = FunctionRegistry()

    @registry.function("crm.label")
    def label(context: Any, name: str, size: int | None = 3, *more: list[str] | str) -> str:
        """A label. In capitals.

        Example:
            @crm.label('ada')  # => "ADA"
            @crm.label('now')
        """
        return name

    return registry


def test_the_help_of_a_function_says_all_that_its_declaration_says(functions: FunctionRegistry) -> None:
    assert help_on("@crm.label", CommandRegistry(), functions) == (
        "@crm.label(name, size = 3, more, …)\n"
        "\n"
        "A label. In capitals.\n"
        "\n"
        "Example:\n"
        "    @crm.label('ada')  # => \"ADA\"\n"
        "    @crm.label('now')"
    )


def test_arguments_of_a_function_in_words(functions: FunctionRegistry) -> None:
    arguments = arguments_of(functions.functions()[0])
    assert [annotation_in_words(each.annotation) for each in arguments] == ["text", "whole number", "list or text"]


def test_help_on_nothing_lists_the_commands(functions: FunctionRegistry) -> None:
    assert "log  Log a message." in help_on(None, load(), functions).splitlines()


def test_help_on_what_there_is_not_says_what_was_meant(functions: FunctionRegistry) -> None:
    with pytest.raises(NotFoundError, match=r"did you mean @crm\.label\?"):
        help_on("@crm.lable", load(), functions)
    with pytest.raises(UnknownCommandError, match='did you mean "log"'):
        help_on("lgo", load(), functions)
