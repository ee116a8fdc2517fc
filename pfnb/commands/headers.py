"""HTTP headers as written in pipelines."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.content import without_codes
from pfnb.language.extent import check_written


def headers_of(value: Any) -> dict[str, str]:
    """Headers by name, from a map, also as JSON, a text such as `X-A: 1, X-B: 2`, or a list of such texts. Raises
    ParameterError for an invalid header. Strips the codes of content references."""
    headers = {str(name).strip(): without_codes(str(content).strip()) for name, content in named_in(value)}
    for name, content in headers.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise ParameterError(f"{name!r} cannot be the name of a header")
        if any(ord(character) < 32 for character in content):
            raise ParameterError(f"the header {name} cannot have line breaks or control characters")
    return headers


def named_in(value: Any) -> list[tuple[Any, Any]]:
    """The names and contents in what is written as headers."""
    if value is None:
        return []
    check_written(value)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        with suppress(ValueError, RecursionError):  # no header's name begins like that: the error says what is allowed
            value = json.loads(value)
    return list(value.items()) if isinstance(value, dict) else _pairs(value)


def _pairs(value: Any) -> list[tuple[str, str]]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and ":" in item for item in items):
        raise ParameterError("headers must be a map of names and values")
    return [(item.split(":", 1)[0], item.split(":", 1)[1]) for item in items]
