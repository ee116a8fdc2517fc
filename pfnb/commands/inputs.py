"""What a data command works on: its `input`, else the body; JSON also as text, and text also as a file."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Annotated, Any

from pydantic import Field

from pfnb.exceptions import ParameterError
from pfnb.language.content import content_id_of
from pfnb.language.context import Context
from pfnb.language.parameters import UNSET
from pfnb.language.pel.values import is_list, kind

Input = Annotated[Any, Field(description="What to work on instead of the body.")]

_CHARSET = re.compile(r";\s*charset=\"?([\w.:-]+)", re.IGNORECASE)


def chosen(given: Any, body: Any) -> Any:
    """The input if it is given, also if it is null."""
    return body if given is UNSET else given


def from_json(value: Any, name: str = "the input") -> Any:
    """A text as the JSON in it, any other value as it is. Raises ParameterError, which calls it `name`."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ParameterError(f"{name} is a text, but no JSON: {reason}") from None


def as_list(value: Any, name: str = "the input") -> list[Any]:
    """A list, or the JSON of one. Raises ParameterError, which calls it `name`."""
    value = from_json(value, name)
    if is_list(value):
        return value if isinstance(value, list) else list(value)
    raise ParameterError(f"{name} wants to be a list, not {kind(value)}")


async def as_text(value: Any, context: Context) -> str:
    """A text, or that of the file behind a content reference. Raises ParameterError for any other value."""
    if isinstance(value, str):
        return value
    content_id = content_id_of(value)
    if content_id is None:
        raise ParameterError(f"a text or a file is wanted here, not {kind(value)}")
    charset = _CHARSET.search(str(value.get("contentType")))
    name = charset[1] if charset else "utf-8"
    try:
        return (await context.hub.read_content(content_id)).decode(name)
    except (UnicodeDecodeError, LookupError):
        raise ParameterError(f"the file {str(value.get('name'))[:100]!r} is no text in {name}") from None


async def as_json(value: Any, context: Context, name: str = "the input") -> Any:
    """The JSON in a text or a file, any other value as it is. Raises ParameterError, which calls it `name`."""
    text = value if content_id_of(value) is None else await as_text(value, context)
    return await asyncio.to_thread(from_json, text, name) if isinstance(text, str) else text


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
