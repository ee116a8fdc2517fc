"""What a command is, for people: its parameters in words, and the help of magics and of the command line."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.language.command import Command
from pfnb.language.options import COMMON
from pfnb.language.schema import parameters_schema

WIDTH = 100

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "map",
}


@dataclass(frozen=True, slots=True)
class ParameterHelp:
    """One parameter in words. `default` is JSON text, empty where there is none to tell."""

    name: str
    aliases: tuple[str, ...]
    type: str
    required: bool
    default: str
    description: str


def parameters_in_words(command: Command) -> list[ParameterHelp]:
    """The command's own parameters, in their order."""
    schema = parameters_schema(command)
    spellings = command.parameters.spellings
    return [
        ParameterHelp(
            name=name,
            aliases=tuple(
                other
                for other, target in spellings.items()
                if target == spellings[name] and other != name and "_" not in other
            ),
            type=type_in_words(each),
            required=name in schema.get("required", ()),
            default=json.dumps(each["default"], ensure_ascii=False) if "default" in each else "",
            description=str(each.get("description", "")),
        )
        for name, each in schema.get("properties", {}).items()
    ]


def type_in_words(schema: Mapping[str, Any]) -> str:
    """What a JSON Schema wants, such as `text` or `"raw" or "base64"`."""
    if schema.get("format") == "expression":
        return "expression"
    if "enum" in schema:
        return " or ".join(f"`{choice}`" for choice in schema["enum"])
    if "anyOf" in schema:
        kinds = (type_in_words(each) for each in schema["anyOf"] if each.get("type") != "null")
        return " or ".join(dict.fromkeys(kinds))
    kinds = schema.get("type", ())
    words = [_TYPES[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind in _TYPES]
    if words == ["list"] and isinstance(schema.get("items"), Mapping) and schema["items"]:
        return f"list of {type_in_words(schema['items'])}"
    return " or ".join(words) or "anything"


def signature(command: Command) -> str:
    """The command with its parameters, those in brackets that may be left out."""
    words = [each.name if each.required else f"[{each.name}]" for each in parameters_in_words(command)]
    return " ".join([command.name, *words, *(["[…]"] if command.parameters.is_open else [])])


def command_help(command: Command) -> str:
    """The help of one command, as plain text."""
    return "\n".join(_lines(command))


def _lines(command: Command) -> Iterator[str]:
    yield signature(command)
    yield ""
    yield command.description
    rows = parameters_in_words(command)
    if rows:
        yield ""
        yield "Parameters:"
    for row in rows:
        notes = [
            row.type.replace("`", ""),
            "required" if row.required else f"default {row.default}" if row.default else "",
        ]
        also = f" Also spelt {', '.join(row.aliases)}." if row.aliases else ""
        said = f"{row.description}{also} ({', '.join(filter(None, notes))})"
        yield textwrap.fill(said, WIDTH, initial_indent=f"  {row.name}: ", subsequent_indent="    ")
    yield ""
    yield textwrap.fill(f"As every command it also has {', '.join(COMMON)}.", WIDTH)
    if command.aliases:
        yield f"Also known as {', '.join(command.aliases)}."
    for example in command.documentation.examples:
        yield ""
        yield "Example:"
        yield textwrap.indent(example.code, "    ")
        if example.result is not None:
            yield f"    # => {example.result}"
