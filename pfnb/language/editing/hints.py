"""Completion in an unfinished expression: the scope's names, this pipeline's variables, functions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.language.declaration import function_documentation
from pfnb.language.reading.headers import KNOWN
from pfnb.language.running.failure import exception_object

EVENT_FIELDS = (
    "id", "eventKey", "namespace", "traceId", "correlationId", "async", "created", "method",
    "path", "query", "rawQuery", "remoteAddress", "headers", "payload",
)  # fmt: skip
"""The keys of `body` in a pipeline that begins with event.listen."""
BATCH_FIELDS = ("events",)
"""The same with the header `batch`."""
LOOP_FIELDS = ("item", "index", "even")
EXCEPTION_FIELDS = tuple(exception_object(PfnbError(""), "", None))

_ROOTS = (
    ("vars.", "The variables."),
    ("body", "The body: what the step before has left."),
    ("headers.", "The pipeline's headers."),
)
_FUNCTION = re.compile(r"@[\w.]*$")
_MEMBER = re.compile(r"\b(vars\??\.loop|vars|headers|body|exception)\??\.(\w*)$")
_WORD = re.compile(r"(?<![\w.'\])])(\w*)$")
_HANDLES = re.compile(r"^\s*-\s*(?:except|finally)\b", re.MULTILINE)
_LISTENS = re.compile(r"^\s*-\s*event\.listen\b", re.MULTILINE)
_VARIABLE = re.compile(r"\bvars\??\.(\w+)|\b(?:as|loopName)\s*:\s*[\"']?(\w+)")
_ENTRY = re.compile(r"(?:^[ ]*|[{,][ ]*)[\"']?([A-Za-z_]\w*)[\"']?[ ]*:", re.MULTILINE)


def expression_hints(before: str, text: str, functions: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """The typed part of an expression's last word, and its completions, each with a description. `text` is the
    pipeline around the expression."""
    if before.count("'") % 2:
        return "", []
    called = [(f"@{name}(", detail) for name, detail in _functions(functions)]
    if found := _FUNCTION.search(before):
        return found[0], called
    if found := _MEMBER.search(before):
        return found[2], list(_members(found[1], text))
    if found := _WORD.search(before):
        caught = [("exception.", "The error of a step above.")] if _HANDLES.search(text) else []
        return found[1], [*_ROOTS, *caught, *called]
    return "", []


def _functions(functions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for group, target in functions.items():
        for name in dir(target):
            method = getattr(target, name)
            if not name.startswith("_") and callable(method) and not inspect.isclass(method):
                yield f"{group}.{name}", function_documentation(method).summary


def _members(root: str, text: str) -> Iterator[tuple[str, str]]:
    if root == "headers":
        yield from ((name, setting.description) for name, setting in KNOWN.items())
        yield from ((name, "") for name in _names_in("headers", text) if name not in KNOWN)
    elif root == "vars":
        used = (name for pair in _VARIABLE.findall(text) for name in pair if name)
        yield from ((name, "") for name in dict.fromkeys((*_names_in("vars", text), *used)))
    elif root == "exception":
        yield from ((name, "") for name in EXCEPTION_FIELDS)
    elif root == "body":
        fields = BATCH_FIELDS if "batch" in _names_in("headers", text) else EVENT_FIELDS
        yield from ((name, "") for name in fields if _LISTENS.search(text))
    else:
        yield from ((name, "") for name in LOOP_FIELDS)


def _names_in(section: str, text: str) -> list[str]:
    """The keys in a section, at any depth: one too many is better than one too few."""
    found = re.search(rf"^{section}:(.*(?:\n(?:[ #].*)?)*)", text, re.MULTILINE)
    return _ENTRY.findall(found[1]) if found else []
