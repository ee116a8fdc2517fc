"""Commands that put values into the body and the variables, and log them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pfnb.language.command import NULL, command
from pfnb.language.context import Context
from pfnb.language.parameters import UNSET

Level = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


@command("log", anonymous=True)
async def log(
    body: Any,
    context: Context,
    message: Annotated[Any, Field(description="What to log; without it, the whole scope.")] = None,
    level: Annotated[Level, BeforeValidator(_upper), Field(description="How important it is.")] = "INFO",
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
    context.log(level, _text(message))
    return message if body is None or body == "" else None


@command("set", anonymous=True)
async def set_value(
    body: Any,
    value: Annotated[
        Any, Field(description="The value to put where `output` points. Default: the step's input.")
    ] = UNSET,
) -> Any:
    """Put a value into the body, or to where the parameter `output` points.

    Example:
        pipeline:
          - set: {value: 20, output: vars.price}
          - set: {value: "#{vars.price * 2}"}
        # => 40
    """
    chosen = body if value is UNSET else value
    return NULL if chosen is None else chosen


@command("body.set", aliases=("set.body",), anonymous=True, shorthand="value")
async def set_body(value: Annotated[Any, Field(description="The new body.")]) -> Any:
    """Put a value into the body.

    Example:
        pipeline:
          - body.set: {value: {name: Ada}}
          - body.set: "Hello #{body.name}"
        # => "Hello Ada"
    """
    return NULL if value is None else value


@command("var.set", aliases=("set.var",), anonymous=True)
async def set_variable(
    vars: dict[str, Any],  # noqa: A002 - the word of the language
    key: Annotated[str, Field(description="The variable's name.", min_length=1)],
    value: Annotated[Any, Field(description="Its new value.")] = None,
) -> None:
    """Give a variable a value.

    Example:
        pipeline:
          - var.set: {key: city, value: Kyoto}
          - body.set: "#{vars.city}"
        # => "Kyoto"
    """
    vars[key] = value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
