"""Commands that put values into the body and the variables, and log them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pfnb.commands import command
from pfnb.commands.inputs import chosen, from_json
from pfnb.commands.mapping import Fields
from pfnb.exceptions import ParameterError
from pfnb.language.command import as_result
from pfnb.language.context import Context
from pfnb.language.extent import check_written, shown
from pfnb.language.lazy_map import LazyMap
from pfnb.language.offload import threaded
from pfnb.language.parameters import UNSET
from pfnb.language.pel.values import kind
from pfnb.language.plain_data import copied

Level = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]

Format = Annotated[
    Literal["none", "auto", "json", "string", "number", "boolean"],
    Field(description="What to convert a text to; `auto` reads JSON where it is JSON."),
]


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


@command("log", anonymous=True, shorthand="message")
async def log(
    body: Any,
    context: Context,
    message: Annotated[Any, Field(description="What to log. Default: the whole scope.")] = None,
    level: Annotated[Level, BeforeValidator(_upper), Field(description="The log level.")] = "INFO",
    suffix: Annotated[Any, Field(description="What to put after the message.")] = None,
) -> Any:
    """Log a message. The body stays as it is; if it is empty, the message becomes the body.

    Example:
        pipeline:
          - log: {message: "#{1 + 1} new orders", level: WARN}
        # => "2 new orders"
    """
    if message is None or message == "":
        context.log(level, _text(context.scope.shown()))
        return None
    if suffix is not None:
        message = _text(message) + _text(suffix)
    context.log(level, _text(message))
    return message if body is None or body == "" else None


@command("set", anonymous=True, shorthand="value")
async def set_value(
    body: Any,
    value: Annotated[
        Any, Field(description="The value to put where `output` points. Default: the step's input.")
    ] = UNSET,
    mapping: Annotated[
        Fields | None, Field(description="Fields to put into the value: `path: expression`, with commas between them.")
    ] = None,
) -> Any:
    """Put a value into the body, or into the target of the parameter `output`.

    Example:
        pipeline:
          - set: {value: 20, output: vars.price}
          - set: {value: {name: nails}, mapping: "price: vars.price * 2, note: 'for ' + name"}
        # => {"name": "nails", "price": 40, "note": "for nails"}
    """
    given = chosen(value, body)
    if mapping is not None:
        data = from_json(given)
        return await threaded(lambda: mapping(data, copied(data) if isinstance(data, dict) else {}))
    return as_result(given)


@command("vars", anonymous=True, shorthand="set")
def set_vars(
    vars: dict[str, Any],  # noqa: A002 - the word of the language
    set: Annotated[  # noqa: A002 - PIPEFORCE's word
        LazyMap, Field(description="A map of names and values, or a list of maps. A value may use those before it.")
    ],
) -> None:
    """Set several variables. The body stays as it is.

    Example:
        pipeline:
          - vars:
              set:
                net: 100
                gross: "#{vars.net * 1.19}"
          - body.set: "#{vars.gross}"
        # => 119.0
    """
    for name, value in set():  # one by one: the next value may use this variable
        vars[name] = value  # noqa: PERF403


@command("resolve", shorthand="uri")
async def resolve(
    context: Context,
    uri: Annotated[Any, Field(description="Such as `$uri:property:PATH`, `$uri:drive:PATH` or `$uri:user:NAME`.")],
) -> Any:
    """Put what an address points to into the body, as `@resolve.uri` does: a property, a file, what a pipeline returns.

    An expression may only yield an address that names something; commands and expressions must be written here.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/config/app, value: {title: Demo}, type: application/json}
          - resolve: {uri: "$uri:property:global/app/demo/config/app#title"}
        # => "Demo"
    """
    if context.is_address("uri"):
        return as_result(uri)
    if not isinstance(uri, str):
        raise ParameterError(f"uri must be an address such as $uri:property:PATH, not {kind(uri)}")
    return as_result(await context.target_of(uri))


@command("body.set", aliases=("set.body", "body"), anonymous=True, shorthand="value")
async def set_body(
    value: Annotated[Any, Field(description="The new body.")] = None,
    format: Format = "none",  # noqa: A002
) -> Any:
    """Put a value into the body.

    Example:
        pipeline:
          - body.set: {value: {name: Ada}}
          - body.set: "Hello #{body.name}"
        # => "Hello Ada"

    Example:
        pipeline:
          - body.set: {value: '{"total": 7}', format: json}
        # => {"total": 7}
    """
    return as_result(_formatted(value, format))


@command("var.set", aliases=("set.var", "var"), anonymous=True)
async def set_variable(
    vars: dict[str, Any],  # noqa: A002 - the word of the language
    key: Annotated[str, Field(description="The variable's name.", min_length=1, validation_alias="name")],
    value: Annotated[Any, Field(description="Its new value.")] = None,
    format: Format = "none",  # noqa: A002
) -> None:
    """Give a variable a value.

    Example:
        pipeline:
          - var.set: {key: city, value: Kyoto}
          - body.set: "#{vars.city}"
        # => "Kyoto"
    """
    vars[key] = _formatted(value, format)


def _formatted(value: Any, name: str) -> Any:
    """A text converted to a format; `auto` takes what is JSON for JSON, and any other text as it is."""
    if not isinstance(value, str) or name in ("none", "string"):
        return _text(value) if name == "string" else value
    try:
        found = from_json(value, "the value")
    except ParameterError:
        if name == "auto":
            return value
        raise
    kinds: dict[str, tuple[type, ...]] = {"number": (int, float), "boolean": (bool,)}
    if name in kinds and (not isinstance(found, kinds[name]) or (name == "number" and isinstance(found, bool))):
        raise ParameterError(f"the value is no {name}: {shown(value)}")
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    check_written(value)
    return json.dumps(value, ensure_ascii=False, default=str)
