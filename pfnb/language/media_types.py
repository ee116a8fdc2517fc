"""Content types without their parameters, and texts interpreted by them."""

from __future__ import annotations

import json
from typing import Any

OCTETS = "application/octet-stream"
"""The type of bytes of which nothing is known."""


PYTHON_TYPE = "application/python;type=script"
"""The property type of a stored Python function."""
_PYTHON = ("application/python", "application/x-python", "application/x-python-code", "text/python", "text/x-python")


def media_type(content_type: str) -> str:
    """The type without its parameters, in lower case; empty if there is none."""
    return content_type.partition(";")[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Whether the type means one JSON value: `application/json`, `…+json`. Lines of JSON (`x-ndjson`) are not one."""
    subtype = media_type(content_type).partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")


def typed_value(text: str, content_type: str) -> Any:
    """The value of a JSON text; any other text unchanged, also invalid JSON."""
    if not is_json(content_type):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def is_python(content_type: str | None) -> bool:
    """Whether the type means Python code, such as `application/python;type=script`."""
    return media_type(content_type or "") in _PYTHON
