"""Help on commands and functions for people: parameters in words, for magics and the command line."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pfnb.exceptions import NotFoundError
from pfnb.language.command import Command, CommandRegistry
from pfnb.language.editing.schema import parameters_schema
from pfnb.language.function import Function, FunctionRegistry
from pfnb.language.reading.options import COMMON

WIDTH = 100

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "map",
}
_PYTHON_TYPES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    list: "list",
    dict: "map",
}


@dataclass(frozen=True, slots=True)
class ParameterHelp:
    """One parameter in words. `default` is JSON text, empty without a default."""

    name: str
    aliases: tuple[str, ...]
    type: str
    required: bool
    default: str
    description: str


def parameters_in_words(command: Command) -> list[ParameterHelp]:
    """The command's own parameters, in declaration order."""
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
    """What a JSON Schema accepts, such as `text` or `"raw" or "base64"`."""
    if schema.get("format") == "expression":
        return "expression"
    if "enum" in schema:
        return " or ".join(f"`{choice}`" for choice in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        kinds = (type_in_words(each) for each in schema["anyOf"] if each.get("type") != "null")
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in schema:
        return _TYPES["object"]
    kinds = schema.get("type", ())
    words = [_TYPES[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind in _TYPES]
    if words == ["list"] and isinstance(schema.get("items"), Mapping) and schema["items"]:
        return f"list of {type_in_words(schema['items'])}"
    return " or ".join(words) or "anything"


def signature(command: Command) -> str:
    """The command with its parameters; optional ones are in brackets."""
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


def function_call(function: Function) -> str:
    """A function as expressions call it, with the names of its arguments."""
    return f"@{function.name}({', '.join(_argument(each) for each in arguments_of(function))})"


def arguments_of(function: Function) -> list[inspect.Parameter]:
    """The arguments that an expression passes to a function, with annotations resolved."""
    signature = inspect.signature(function.call, eval_str=True)
    return [each for each in signature.parameters.values() if each.name != "context"]


def annotation_in_words(annotation: Any) -> str:
    """An argument's type in words, such as `text or list`; empty if it may be anything."""
    plain = get_origin(annotation) or annotation
    if plain in _PYTHON_TYPES:
        return _PYTHON_TYPES[plain]
    return " or ".join(dict.fromkeys(filter(None, map(annotation_in_words, get_args(annotation)))))


def function_help(function: Function) -> str:
    """The help of one function, as plain text."""
    examples = [
        example.code if example.result is None else f"{example.code}  # => {example.result}"
        for example in function.documentation.examples
    ]
    example = ["", "Example:", textwrap.indent("\n".join(examples), "    ")] if examples else []
    return "\n".join([function_call(function), "", function.documentation.description, *example])


def help_on(name: str | None, commands: CommandRegistry, functions: FunctionRegistry) -> str:
    """The help on a command or a function such as `@text.trim`; without a name, one line for each command. Raises
    UnknownCommandError and NotFoundError."""
    if name is None:
        return "\n".join(f"{command.name}  {command.documentation.summary}" for command in commands)
    if not name.startswith("@"):
        return command_help(commands.get(name))
    known = {f"@{function.name}": function for function in functions.functions()}
    if name in known:
        return function_help(known[name])
    near = get_close_matches(name, known, n=1)
    raise NotFoundError(f"there is no function {name}" + (f": did you mean {near[0]}?" if near else ""))


def _argument(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"{parameter.name}, …"
    if parameter.default is parameter.empty:
        return parameter.name
    return f"{parameter.name} = {json.dumps(parameter.default, ensure_ascii=False, default=str)}"
