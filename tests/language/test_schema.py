"""The schemas accept what the parser accepts, and editors are told what it refuses."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from pfnb.commands import load
from pfnb.commands.webhook_settings import SPELLINGS
from pfnb.exceptions import PfnbError
from pfnb.language import CommandRegistry, parse_pipeline
from pfnb.language.editing.schema import command_schema, parameters_schema, pipeline_schema
from pfnb.language.reading.values import json_value
from pfnb.language.yaml.document import read_document

COMMANDS = list(load())
RIGHT = [
    "pipeline: [log]",
    "pipeline:\n  - log:\n",
    "pipeline:\n  - log: {level: '#{vars.level}', message: 5}",
    "pipeline:\n  - set.body: short",
    "pipeline:\n  - body.set: [a, b]",
    "pipeline:\n  - body.set: {value: {a: 1}, if: false, on_error: LOG}",
    "pipeline:\n  - webhook.put: {event_key: a.b, maxPayloadLength: '1000', active: 'no', payloadType: raw}",
    "pipeline:\n  - webhook.put: {maxPayloadLength: '${vars.most}', active: true}",
    "pipeline:\n  - event.listen: {key: a.b}\n  - if: true\n  - if.else\n  - if.end: {eval: vars.a = 1}",
    "pipeline:\n  - crm.open: {whatever: 1}\n  - crm.score: {address: {city: '#{body}'}, colours: [red, '#{body}']}",
    "pipeline:\n  - crm.score: {point: 5}",
    "headers: {onError: {action: LOG}, concurrency: 4, my-own: [1]}\nvars: {a: {b: 1}}\nbody: 1\npipeline: [log]",
    "headers:\nvars:\npipeline: [log]",
    "headers: {timeout: 5, retry: 3, runWhen: '#{vars.a}', ordered: strict, version: v2}\npipeline: [log]",
    "headers: {retry: {times: 2, wait: 1}, authorization: RunAs ada}\npipeline: [log]",
    "pipeline: [log:v1, 'log:v3']",
    "pipeline:\n  - log:v1: {message: x}\n  - set.body:v1: x",
    "pipeline:\n  - split: {in: a}\n  - log: {input: vars.x}\n  - split.end",
    "pipeline:\n  - switch: {body < 1: a, 'true': 5}",
    "pipeline:\n  - log: {onError: {action: RETRY, times: 2, wait: 1, backoff: 2, then: LOG}}",
    "pipeline:\n  - except: {drop: true}\n  - except.end\n  - finally\n  - log",
]
WRONG = [
    "log",
    "[log]",
    "vars: {}",
    "pipeline: log",
    "pipeline: []",
    "pipeline: [log]\nbodi: 1",
    "pipeline: [lgo]",
    "pipeline:\n  - lgo: {message: x}",
    "pipeline:\n  - log: {mesage: x}",
    "pipeline:\n  - log: {level: LOUD}",
    "pipeline:\n  - var.set: 5",
    "pipeline:\n  - log: {}\n    set: {value: 1}",
    "pipeline: [var.set]",
    "pipeline:\n  - event.listen: {}",
    "pipeline:\n  - webhook.put: {maxPayloadLength: 0}",
    "pipeline:\n  - webhook.put: {maxPayloadLength: many}",
    "pipeline:\n  - webhook.put: {active: perhaps}",
    "pipeline:\n  - log: {onError: SHOUT}",
    "pipeline:\n  - log: {main: 5}",
    "pipeline:\n  - if: true\n  - if.end: {output: vars.a}",
    "pipeline:\n  - crm.score: {address: {town: x}}",
    "pipeline:\n  - crm.score: {colours: [pink]}",
    "pipeline: [log]\nvars: 1",
    "pipeline: [log]\nheaders: {timeout: '5'}",
    "pipeline: [log]\nheaders: {retry: many}",
    "pipeline: [log]\nheaders: {ordered: loose}",
    "pipeline: [log]\nheaders: {authorization: Bearer x}",
    "pipeline:\n  - log: {onError: {action: RETRY, tims: 2}}",
    "pipeline: ['log:v']",
    "pipeline: [log]\nheaders: {onError: SHOUT}",
]


class Address(BaseModel, extra="forbid"):
    city: str


class Colour(enum.Enum):
    RED = "red"


class Point:
    """A type that JSON does not know."""


@pytest.fixture(scope="module")
def registry() -> CommandRegistry:
    registry = load().copy()

    @registry.command("crm.score")
    def score(address: Address | None = None, colours: list[Colour] = [], point: Any = Point()) -> None:  # noqa: B006, B008
        """Score."""

    @registry.command("crm.open")
    def anything(**fields: Any) -> None:
        """Take anything."""

    return registry


@pytest.fixture(scope="module")
def validator(registry: CommandRegistry) -> Draft202012Validator:
    schema = pipeline_schema(registry)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def value(text: str) -> Any:
    node = read_document(text)
    assert node is not None
    return json_value(node)


@pytest.mark.parametrize("text", RIGHT)
def test_what_the_parser_accepts_is_valid(
    validator: Draft202012Validator, registry: CommandRegistry, text: str
) -> None:
    parse_pipeline(text, registry)
    assert [error.message for error in validator.iter_errors(value(text))] == []


@pytest.mark.parametrize("text", WRONG)
def test_what_the_parser_refuses_is_not(validator: Draft202012Validator, registry: CommandRegistry, text: str) -> None:
    with pytest.raises(PfnbError):
        parse_pipeline(text, registry)
    assert not validator.is_valid(value(text))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_example_is_valid(validator: Draft202012Validator, command: Any) -> None:
    for example in command.documentation.examples:
        assert [error.message for error in validator.iter_errors(value(example.code))] == []


def test_the_readmes_pipelines_are_valid(validator: Draft202012Validator) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    cells = [block.partition("\n")[2] for block in readme.split("```")[1::2] if "%%pipeline" in block]
    pipelines = [cell.partition("\n")[2] for cell in cells]
    assert pipelines
    for pipeline in pipelines:
        assert validator.is_valid(value(pipeline))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_schema_of_its_own(command: Any) -> None:
    Draft202012Validator.check_schema(command_schema(load(), command.name))
    Draft202012Validator.check_schema(parameters_schema(command))


def test_the_schema_of_one_command_stands_alone(registry: CommandRegistry) -> None:
    validator = Draft202012Validator(command_schema(registry, "crm.score"))
    assert validator.is_valid({"address": {"city": "Rome"}, "if": True})
    assert not validator.is_valid({"address": {"town": "Rome"}})
    assert not validator.is_valid({"onError": "SHOUT"})


def test_the_values_of_a_command_have_neither_expressions_nor_other_spellings() -> None:
    schema = parameters_schema(load().get("webhook.put"))
    assert list(schema["properties"]) == [*SPELLINGS.values(), "uuid", "secret"]
    assert not Draft202012Validator(schema).is_valid({"maxPayloadLength": "#{1}"})


def test_of_a_command_with_several_versions_each_has_its_parameters() -> None:
    registry = CommandRegistry()

    @registry.command("crm.put")
    def first(name: str) -> None:
        """Keep a name."""

    @registry.command("crm.put", version=2)
    def second(names: list[str]) -> None:
        """Keep names."""

    validator = Draft202012Validator(pipeline_schema(registry))
    for parameters in ({"name": "Ada"}, {"names": ["Ada"]}):
        assert validator.is_valid({"pipeline": [{"crm.put:v2": parameters}]})
    assert not validator.is_valid({"pipeline": [{"crm.put": {"nams": "Ada"}}]})


def test_names_that_a_pointer_would_read_otherwise_are_found() -> None:
    registry = CommandRegistry()

    @registry.command("a/b~c")
    def odd(value: int = 1) -> None:
        """Odd."""

    validator = Draft202012Validator(pipeline_schema(registry))
    assert validator.is_valid({"pipeline": [{"a/b~c": {"value": 1}}]})
    assert not validator.is_valid({"pipeline": [{"a/b~c": {"value": "x"}}]})
