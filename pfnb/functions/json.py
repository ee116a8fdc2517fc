"""`@json`: JSON texts, and values in them."""

from __future__ import annotations

import json
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import function
from pfnb.functions.arguments import fitting
from pfnb.garbage import uncollected
from pfnb.language.extent import check_written
from pfnb.language.json_size import count_json


@function("json.load")
def load(source: Any) -> Any:
    """Parse a JSON text or its bytes; any other value is returned unchanged.

    Example:
        @json.load('{"name": "Ada", "tags": [1, 2]}').tags  # => [1, 2]
    """
    if not isinstance(source, (str, bytes)):
        return source
    count_json(source)
    try:
        with uncollected():
            return json.loads(source)
    except RecursionError:
        raise ParameterError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise ParameterError(f"this is not JSON: {error}") from None


@function("json.object")
def new_object() -> dict[str, Any]:
    """A new empty map.

    Example:
        @json.object()  # => {}
    """
    return {}


@function("json.array")
def new_array() -> list[Any]:
    """A new empty list.

    Example:
        @json.array()  # => []
    """
    return []


@function("json.path")
def path(document: Any, query: str) -> Any:
    """The result of a JSONPath (RFC 9535): one value, or a list if it may select several. A text is parsed as JSON.
    Beyond the RFC, a name after a dot may have hyphens or be a number: `$.first-name`.

    Example:
        @json.path({a: {b: {1, 2, 3}}}, '$.a.b[0]')  # => 1
        @json.path({{n: 1}, {n: 5}}, '$[?(@.n > 2)].n')  # => [5]
    """
    from pfnb.functions import jsonpath  # imported lazily: few pipelines use it

    return jsonpath.find(load(document), query)


@function("json.stringify")
def stringify(document: Any) -> str:
    """The value as JSON text, without spaces.

    Example:
        @json.stringify({name: 'Ada'})  # => "{\\"name\\":\\"Ada\\"}"
    """
    check_written(document)
    try:
        return fitting(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f"this cannot be written as JSON: {error}") from None
