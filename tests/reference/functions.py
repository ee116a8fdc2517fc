"""The pages of functions, a page for each group such as `@text`."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from types import NoneType
from typing import Any, get_args, get_origin

from pfnb.functions import load
from pfnb.language.declaration import Documentation
from pfnb.language.function import Function
from tests.reference.markdown import code, codes, expressions, page

FOLDER = "functions"
_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    list: "list",
    dict: "map",
    Any: "anything",
}


def function_groups() -> dict[str, list[list[Function]]]:
    """The built-in functions by group; those with several names are together."""
    groups: dict[str, dict[Any, list[Function]]] = {}
    for function in load().functions():
        if function.call.__module__.startswith("pfnb.functions."):
            groups.setdefault(function.group, {}).setdefault(function.call, []).append(function)
    return {group: list(functions.values()) for group, functions in sorted(groups.items())}


def function_pages() -> Iterator[tuple[str, str]]:
    for group, functions in function_groups().items():
        lines = [f"# Functions: @{group}", "", group_summary(functions), ""]
        for names in functions:
            lines += _function(names)
        yield f"{FOLDER}/{group}.md", page(lines)


def group_summary(functions: list[list[Function]]) -> str:
    said = (inspect.getdoc(sys.modules[functions[0][0].call.__module__]) or "").partition("\n\n")[0]
    return " ".join(said.split())


def called(function: Function) -> str:
    """The function as expressions call it."""
    return f"@{function.name}({', '.join(_argument(each) for each in _parameters(function))})"


def _function(names: list[Function]) -> Iterator[str]:
    function, *others = names
    documentation: Documentation = function.documentation
    yield f"## @{function.name}"
    yield ""
    yield code(called(function))
    yield ""
    yield documentation.description
    yield ""
    takes = [f"`{each.name}` is {_type(each.annotation)}" for each in _parameters(function) if _type(each.annotation)]
    if takes:
        yield f"{', '.join(takes)}."
        yield ""
    if others:
        yield f"Also known as {codes(f'@{other.name}' for other in others)}."
        yield ""
    yield from expressions(documentation)


def _parameters(function: Function) -> list[inspect.Parameter]:
    signature = inspect.signature(function.call, eval_str=True)
    return [each for each in signature.parameters.values() if each.name != "context"]


def _argument(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"{parameter.name}, …"
    if parameter.default is parameter.empty:
        return parameter.name
    return f"{parameter.name} = {json.dumps(parameter.default, ensure_ascii=False, default=str)}"


def _type(annotation: Any) -> str:
    members = [member for member in get_args(annotation) if member is not NoneType]
    origin = get_origin(annotation) or annotation
    if origin in _WORDS:
        return "" if origin is Any else _WORDS[origin]
    return " or ".join(dict.fromkeys(filter(None, map(_type, members))))
