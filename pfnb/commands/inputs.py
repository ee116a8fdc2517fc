"""The input of data commands: `input`, else the body; JSON also as text, and text also as a file."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from pfnb.exceptions import ParameterError
from pfnb.language.charset import charset_of, document_text, known_charset, named_charset
from pfnb.language.content import genuine_id, read_decoded
from pfnb.language.context import Context
from pfnb.language.json_size import count_json
from pfnb.language.offload import threaded
from pfnb.language.parameters import UNSET
from pfnb.language.pel.values import is_list, kind

Input = Annotated[Any, Field(description="The input, instead of the body.")]


def chosen(given: Any, body: Any) -> Any:
    """The input if it is given, even null; else the body."""
    return body if given is UNSET else given


def from_json(value: Any, name: str = "the input") -> Any:
    """A text as the JSON in it, any other value as it is. Raises ParameterError, which calls it `name`."""
    if not isinstance(value, str):
        return value
    count_json(value)
    try:
        return json.loads(value, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ParameterError(f"{name} is a text, but not JSON: {reason}") from None


def as_list(value: Any, name: str = "the input") -> list[Any]:
    """A list, or the JSON of one. Raises ParameterError, which calls it `name`."""
    value = from_json(value, name)
    if is_list(value):
        return value if isinstance(value, list) else list(value)
    raise ParameterError(f"{name} must be a list, not {kind(value)}")


async def as_text(value: Any, context: Context, charset: str | None = None) -> str:
    """A text, or the text of the file behind a content reference, in the given charset or that of its type. Raises
    ParameterError for any other value."""
    if isinstance(value, str):
        return value
    content_id = await genuine_id(value, context.hub)
    if content_id is None:
        raise ParameterError(f"expected a text or a file, not {kind(value)}")
    content_type, name = str(value.get("contentType")), str(value.get("name"))[:100]
    codec = known_charset(charset) if charset else charset_of(content_type)
    if codec is None:
        named = charset or named_charset(content_type)
        raise ParameterError(f"the file {name!r} names the charset {named}: use a common one, such as utf-8")
    return document_text(await read_decoded(content_id, value, context.hub), codec)


async def as_json(value: Any, context: Context, name: str = "the input") -> Any:
    """The JSON in a text or a file, any other value as it is. Raises ParameterError, which calls it `name`."""
    text = value if await genuine_id(value, context.hub) is None else await as_text(value, context)
    return await threaded(partial(from_json, text, name)) if isinstance(text, str) else text


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
