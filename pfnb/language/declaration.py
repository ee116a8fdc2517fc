"""Documentation of declarations: docstrings as descriptions with examples, and that of headers and common parameters.

The one source for help, schemas, completion and the reference.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_EXAMPLE = re.compile(r"^Example:[ \t]*$", re.MULTILINE)
_PIPELINE_RESULT = re.compile(r"^# => (.+)\Z", re.MULTILINE)
_EXPRESSION_RESULT = re.compile(r"[ \t]+# => (.+)$")
_SENTENCE = re.compile(r".+?[.!?](?=\s|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """A pipeline or expression that runs. `result` is its result as JSON text; None if that is not predictable."""

    code: str
    result: str | None


@dataclass(frozen=True, slots=True)
class Documentation:
    """A parsed docstring: `description` is all of it but the examples, in Markdown."""

    description: str
    examples: tuple[Example, ...] = ()

    @property
    def summary(self) -> str:
        """The first sentence, in one line."""
        found = _SENTENCE.match(self.description)
        return " ".join((found[0] if found else self.description).split())


@dataclass(frozen=True, slots=True)
class Setting:
    """A header or common parameter. `schema` is the JSON Schema of its values."""

    description: str
    schema: Mapping[str, Any] = field(default_factory=dict)


def command_documentation(function: Callable[..., Any]) -> Documentation:
    """Parse a command's docstring: each `Example:` is followed by an indented pipeline with `# => JSON` as its last line."""
    description, codes = _sections(function)
    return Documentation(description, tuple(_pipeline(code) for code in codes))


@lru_cache(maxsize=1024)
def function_documentation(function: Callable[..., Any]) -> Documentation:
    """Parse a function's docstring: `Example:` is followed by indented lines `expression  # => JSON`."""
    description, codes = _sections(function)
    lines = [line for code in codes for line in code.splitlines() if line.strip()]
    return Documentation(description, tuple(_expression(line) for line in lines))


def _sections(function: Callable[..., Any]) -> tuple[str, list[str]]:
    description, *codes = _EXAMPLE.split(inspect.getdoc(function) or "")
    return description.strip(), [textwrap.dedent(code).strip("\n") for code in codes]


def _pipeline(code: str) -> Example:
    found = _PIPELINE_RESULT.search(code)
    return Example(code, None) if found is None else Example(code[: found.start()].rstrip(), found[1])


def _expression(line: str) -> Example:
    found = _EXPRESSION_RESULT.search(line)
    return Example(line, None) if found is None else Example(line[: found.start()], found[1])
