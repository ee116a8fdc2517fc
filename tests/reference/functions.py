"""The pages of functions, a page for each group such as `@text`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from pfnb.functions import load
from pfnb.language.declaration import Documentation
from pfnb.language.editing.help import annotation_in_words, arguments_of, function_call
from pfnb.language.function import Function
from tests.reference.markdown import code, codes, expressions, page

FOLDER = "functions"


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


def _function(names: list[Function]) -> Iterator[str]:
    function, *others = names
    documentation: Documentation = function.documentation
    yield f"## @{function.name}"
    yield ""
    yield code(function_call(function))
    yield ""
    yield documentation.description
    yield ""
    takes = [
        f"`{each.name}` is {words}"
        for each in arguments_of(function)
        if (words := annotation_in_words(each.annotation))
    ]
    if takes:
        yield f"{', '.join(takes)}."
        yield ""
    if others:
        yield f"Also known as {codes(f'@{other.name}' for other in others)}."
        yield ""
    yield from expressions(documentation)
