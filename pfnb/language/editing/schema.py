"""JSON Schemas of pipelines and commands, from the commands' own declarations: for editors, forms, OpenAPI and completion."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pfnb.language.command import Command, CommandRegistry, versioned
from pfnb.language.reading.headers import KNOWN
from pfnb.language.reading.options import COMMON, OF_A_PART, SPELLINGS
from pfnb.language.reading.steps import FUNCTION, STORED

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
EXPRESSION: Final = {"type": "string", "pattern": r"[#$]\{"}
"""A text with an expression in it, allowed wherever a value is."""

_READ_AS_BOOLEAN = ("true", "false")
"""Keys that YAML editors do not read as texts; a pattern matches them nevertheless."""
_VERSION = ":v[1-9][0-9]{0,3}"
_SYNTAX = re.compile(r"[.\\^$*+?()\[\]{}|/]")
_NOTES = ("title", "description", "default", "examples", "deprecated", "format")
_AS_TEXT = {
    "integer": r"^\s*[-+]?[0-9]+\s*$",
    "number": r"^\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*$",
    "boolean": r"^(?:[Tt]rue|[Ff]alse|yes|no|on|off|1|0)$",
}
"""Texts that are converted where a value of this type is expected."""


class _Generator(GenerateJsonSchema):
    """Makes no titles from names, and accepts Python-only types as anything instead of failing."""

    ignored_warning_kinds = frozenset({"skipped-choice", "non-serializable-default"})  # type: ignore[assignment]

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def handle_invalid_for_json_schema(self, schema: core_schema.CoreSchema, error_info: str) -> JsonSchemaValue:  # noqa: ARG002
        return {}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        without = schema.get("default") is None
        return self.generate_inner(schema["schema"]) if without else super().default_schema(schema)


def parameters_schema(command: Command, *, ref_template: str = "#/$defs/{model}") -> dict[str, Any]:
    """The parameters of one command, as values: one spelling each, no expressions, no common parameters."""
    schema = command.model.model_json_schema(by_alias=True, schema_generator=_Generator, ref_template=ref_template)
    schema.pop("title", None)
    return schema


def pipeline_schema(registry: CommandRegistry) -> dict[str, Any]:
    """The schema of a whole document. Every ref in it leads to `$defs`."""
    return {
        "$schema": DIALECT,
        "title": "Pipeline",
        **document_schema(registry),
        "$defs": {name: definition(registry, name) for name in _definition_names(registry)},
    }


def command_schema(registry: CommandRegistry, name: str) -> dict[str, Any]:
    """The schema of what may follow a command's name, expressions and common parameters included. Raises
    UnknownCommandError."""
    command = registry.get(name)
    own = _definition_name(command)
    defs = {each: definition(registry, each) for each in (own, *(f"parameter:{option}" for option in COMMON))}
    return {"$schema": DIALECT, "title": command.name, **_ref(own), "$defs": defs}


def document_schema(registry: CommandRegistry) -> dict[str, Any]:
    """The document's schema without definitions; `definition` makes them one by one."""
    return {
        "type": "object",
        "properties": {
            "headers": {
                "description": "Settings of the pipeline. Names of your own are allowed.",
                "type": ["object", "null"],
                "properties": {name: _setting(KNOWN, name) for name in KNOWN},
            },
            "vars": {
                "description": "Variables, evaluated in their order before the first step.",
                "type": ["object", "null"],
            },
            "pipeline": {
                "description": "The steps, one after the other.",
                "type": "array",
                "minItems": 1,
                "items": _step(registry),
            },
            "body": {"description": "The body that the run begins with, if the caller gives none."},
        },
        "required": ["pipeline"],
        "additionalProperties": False,
    }


def definition(registry: CommandRegistry, name: str) -> dict[str, Any]:
    """What `#/$defs/<name>` of a pipeline's schema refers to."""
    kind, _, rest = name.partition(":")
    if kind == "parameter":
        return _setting(COMMON, rest)
    if kind == "part" and (owner := registry.block_of(rest)) is not None:
        return _part(owner, rest)
    return _step_value(registry.get(rest))


def _definition_names(registry: CommandRegistry) -> Iterable[str]:
    yield from (f"parameter:{name}" for name in COMMON)
    for command in registry:
        yield _definition_name(command)
        yield from (f"part:{name}" for name in _parts(command))


def _definition_name(command: Command) -> str:
    return f"command:{versioned(command.name, command.version)}"


def _parts(command: Command) -> tuple[str, ...]:
    return () if command.block is None else command.block.frames


def _step(registry: CommandRegistry) -> dict[str, Any]:
    """Aliases and names with a version are patterns, which editors do not propose."""
    named: dict[str, Any] = {}
    others: dict[str, Any] = {}
    bare: list[str] = []
    for name, (command, *later) in groupby(registry, key=lambda command: command.name):
        refs = [_ref(_definition_name(each), each.documentation.summary) for each in (command, *later)]
        named[name] = {"anyOf": refs} if later else refs[0]
        named |= {part: _ref(f"part:{part}", _part_description(command, part)) for part in _parts(command)}
        others[_one_of([name], _VERSION)] = named[name]
        if command.aliases:
            others[_one_of(command.aliases, f"(?:{_VERSION})?")] = named[name]
        if not command.is_incomplete:
            bare += [name, *command.aliases]
        bare += _parts(command)
    stored = f"^{STORED}$"
    if FUNCTION in registry:
        others[stored] = {"description": "A stored Python function, with its arguments.", "type": ["object", "null"]}
    return {
        "anyOf": [
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": named,
                "patternProperties": others,
                "additionalProperties": False,
            },
            {"enum": bare},
            {"type": "string", "pattern": _one_of(bare, _VERSION)},
            *([{"type": "string", "pattern": stored}] if FUNCTION in registry else []),
        ]
    }


def _step_value(command: Command) -> dict[str, Any]:
    """What follows a command's name. Other spellings of a parameter are patterns, which editors do not propose."""
    own = parameters_schema(command, ref_template=f"#/$defs/{_pointer(_definition_name(command))}/$defs/{{model}}")
    spellings = _spellings(command)
    properties = {name: _written(schema) for name, schema in own.get("properties", {}).items()}
    common = {name: _ref(f"parameter:{name}") for name in COMMON if name not in command.parameters.spellings}
    also = {
        _one_of([name, *others] if name in _READ_AS_BOOLEAN else others): properties[name]
        for name, others in spellings.items()
        if others or name in _READ_AS_BOOLEAN
    }
    also |= {
        _one_of([other]): _ref(f"parameter:{name}")
        for other, name in SPELLINGS.items()
        if other != name and name in common
    }
    value: dict[str, Any] = {
        "type": "object" if command.is_incomplete else ["object", "null"],
        "properties": {**properties, **common},
        "patternProperties": also,
        "additionalProperties": command.parameters.is_open,
        **_required(own.get("required", ()), spellings),
    }
    if command.shorthand is not None:
        bare = properties[command.parameters.spelling_of(command.shorthand)]
        value = {"anyOf": [value, {**bare, "not": {"type": "object"}}]}
    defs = {name: _written(schema) for name, schema in own.get("$defs", {}).items()}
    return {"description": _markdown(command), **value, **({"$defs": defs} if defs else {})}


def _part(owner: Command, name: str) -> dict[str, Any]:
    return {
        "description": _part_description(owner, name),
        "type": ["object", "null"],
        "properties": {option: _ref(f"parameter:{option}") for option in OF_A_PART},
        "additionalProperties": False,
    }


def _part_description(owner: Command, name: str) -> str:
    assert owner.block is not None
    is_end = owner.block.aliases.get(name, name) == owner.block.end
    return f"Ends the `{owner.name}` above." if is_end else f"Begins another part of the `{owner.name}`."


def _markdown(command: Command) -> str:
    examples = (f"\n\n```yaml\n{example.code}\n```" for example in command.documentation.examples)
    return command.description + "".join(examples)


def _spellings(command: Command) -> dict[str, list[str]]:
    """The other spellings of each parameter, by the one that pipelines use."""
    found: dict[str, list[str]] = {name: [] for name in command.parameters.names()}
    for spelling, name in command.parameters.spellings.items():
        spelt = command.parameters.spelling_of(name)
        if spelling != spelt:
            found[spelt].append(spelling)
    return found


def _required(names: Iterable[str], spellings: Mapping[str, list[str]]) -> dict[str, Any]:
    either = [{"anyOf": [{"required": [spelling]} for spelling in (name, *spellings[name])]} for name in names]
    return {"allOf": either} if either else {}


def _setting(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"description": settings[name].description, **settings[name].schema}


def _written(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema for such a value as written in a document: the value, an expression, or a text that is converted."""
    notes = {key: schema[key] for key in _NOTES if key in schema}
    core = {key: value for key, value in schema.items() if key not in _NOTES}
    alternatives = [_deeply(each) for each in core["anyOf"]] if core.keys() == {"anyOf"} else [_deeply(core)]
    if {} in alternatives:
        return notes
    types = {kind for each in alternatives for kind in types_of(each)}
    converted = [{"type": "string", "pattern": _AS_TEXT[kind]} for kind in _AS_TEXT if kind in types]
    if "string" in types:
        converted.append({"type": "number"})
    return {**notes, "anyOf": [*alternatives, *converted, EXPRESSION]}


def _deeply(schema: Mapping[str, Any]) -> dict[str, Any]:
    deeper: dict[str, Any] = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            deeper[key] = _written(schema[key])
    if "properties" in schema:
        deeper["properties"] = {name: _written(each) for name, each in schema["properties"].items()}
    return deeper


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """The JSON types of which the schema accepts any value."""
    kinds = schema.get("type", ())
    if any(key in schema for key in ("enum", "const", "pattern")):
        return []
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _ref(name: str, description: str | None = None) -> dict[str, Any]:
    ref = {"$ref": f"#/$defs/{_pointer(name)}"}
    return ref if description is None else {**ref, "description": description}


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _one_of(names: Iterable[str], ending: str = "") -> str:
    """A pattern for exactly these; `re.escape` escapes more than JavaScript's patterns allow."""
    escaped = (_SYNTAX.sub(r"\\\g<0>", name) for name in names)
    return f"^(?:{'|'.join(escaped)}){ending}$"
