"""`@json`: texts of JSON, and values within one."""

from __future__ import annotations

import json
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import jsonpath
from pfnb.functions.arguments import fitting
from pfnb.language.function import function


@function("json.load")
def load(source: Any) -> Any:
    """The value that a text of JSON, or its bytes, stands for; any other value is that already.

    Example:
        @json.load('{"name": "Ada", "tags": [1, 2]}').tags  # => [1, 2]
    """
    if not isinstance(source, (str, bytes)):
        return source
    try:
        return json.loads(source)
    except RecursionError:
        raise ParameterError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise ParameterError(f"this is not JSON: {error}") from None


@function("json.path")
def path(document: Any, query: str) -> Any:
    """What a JSONPath leads to: one value, or a list of them if it may lead to several. A text is read as JSON.

    Example:
        @json.path({a: {b: {1, 2, 3}}}, '$.a.b[0]')  # => 1
        @json.path({{n: 1}, {n: 5}}, '$[?(@.n > 2)].n')  # => [5]
    """
    return jsonpath.find(load(document), query)


@function("json.stringify")
def stringify(document: Any) -> str:
    """The value as a text of JSON, without spaces.

    Example:
        @json.stringify({name: 'Ada'})  # => "{\\"name\\":\\"Ada\\"}"
    """
    try:
        return fitting(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f"this cannot be written as JSON: {error}") from None
