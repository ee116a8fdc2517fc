"""Completion in an unfinished pipeline: names, values and expressions, for editors and cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.language.command import CommandRegistry
from pfnb.language.editing.cursor import ITEM, Cursor, cursor_at
from pfnb.language.editing.hints import expression_hints
from pfnb.language.editing.schema import definition, document_schema, types_of

Names = Callable[[str], Iterable[str]]
"""Returns the existing names of a kind: `event-key`, `pipeline-name`."""

EXPRESSION = "expression"
_OPENING = re.compile(r"[#$]\{")


@dataclass(frozen=True, slots=True)
class Candidate:
    """`text` replaces the completion's range; `detail` describes it in a sentence, if known."""

    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """The candidates at the cursor. `start` and `end` are offsets in the text: the range to replace."""

    start: int
    end: int
    candidates: tuple[Candidate, ...] = ()


def complete(
    text: str,
    line: int,
    column: int,
    registry: CommandRegistry,
    *,
    functions: Mapping[str, Any] | None = None,
    names: Names = lambda _kind: (),
) -> Completion:
    """Complete a pipeline at the cursor before the character at `line` and `column`, which count from 1. The text may be
    unfinished in any way. `functions` are those of the runner."""
    lines = text.split("\n")
    before = lines[line - 1][: column - 1] if line <= len(lines) else ""
    end = sum(len(each) + 1 for each in lines[: line - 1]) + len(before)
    cursor = cursor_at(text, line, column)
    place = _Place(registry, cursor.path)
    expression = _expression(before, cursor, place)
    if expression is not None:
        others = text[: end - len(expression)] + text[end:]
        word, hints = expression_hints(expression, others, functions or {})
        return _matching(end, word, (Candidate(*hint) for hint in hints))
    word = cursor.word.lstrip("'\"")
    found = place.keys(cursor) if cursor.is_key else place.values(names)
    return _matching(end, word, found)


def _matching(end: int, word: str, candidates: Iterable[Candidate]) -> Completion:
    fitting = [each for each in candidates if each.text.lower().startswith(word.lower())]
    return Completion(end - len(word), end, tuple(fitting))


def _expression(before: str, cursor: Cursor, place: _Place) -> str | None:
    """The part before the cursor of the expression around it; None outside of an expression."""
    openings = [found.end() for found in _OPENING.finditer(before)]
    for begin in reversed(openings):
        inner = before[begin:]
        if inner.count("{") >= inner.count("}"):
            return inner
    return cursor.word.lstrip("'\"") if not cursor.is_key and EXPRESSION in place.formats() else None


class _Place:
    """The schemas that apply at a path, with refs and `anyOf` expanded."""

    def __init__(self, registry: CommandRegistry, path: tuple[str, ...]) -> None:
        self.registry = registry
        self.schemas = list(self.alternatives(document_schema(registry)))
        for step in path:
            self.schemas = [each for schema in self.schemas for each in self.below(schema, step)]

    def below(self, schema: Mapping[str, Any], step: str) -> Iterator[Mapping[str, Any]]:
        if step == ITEM:
            found = schema.get("items")
        else:
            patterns = schema.get("patternProperties", {}).items()
            found = schema.get("properties", {}).get(step) or next(
                (each for pattern, each in patterns if re.search(pattern, step)), None
            )
        if isinstance(found, Mapping):
            yield from self.alternatives(found)

    def alternatives(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The schema and all that its refs and `anyOf` lead to."""
        yield schema
        if "$ref" in schema:
            name, *inner = schema["$ref"].removeprefix("#/$defs/").split("/$defs/")
            found = definition(self.registry, name.replace("~1", "/").replace("~0", "~"))
            yield from self.alternatives(found["$defs"][inner[0]] if inner else found)
        for each in schema.get("anyOf", ()):
            yield from self.alternatives(each)

    def formats(self) -> set[str]:
        return {schema["format"] for schema in self.schemas if "format" in schema}

    def keys(self, cursor: Cursor) -> Iterator[Candidate]:
        """Names for a key, with the dash where a list is expected."""
        listed = [each for schema in self.schemas for each in self.below(schema, ITEM)]
        dash, colon = "- " if listed else "", "" if cursor.has_colon else ": "
        for schema in listed or self.schemas:
            if len(cursor.siblings) >= schema.get("maxProperties", len(cursor.siblings) + 1):
                continue
            for name, each in schema.get("properties", {}).items():
                if name not in cursor.siblings:
                    yield Candidate(f"{dash}{name}{colon}", self.description(each))

    def description(self, schema: Mapping[str, Any]) -> str:
        said = (each["description"] for each in self.alternatives(schema) if "description" in each)
        return str(next(said, "")).partition("\n\n")[0]

    def values(self, names: Names) -> Iterator[Candidate]:
        """Known values: of an enumeration, true and false, and names of existing things."""
        seen: set[str] = set()
        for schema in self.schemas:
            choices = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]
            if "boolean" in types_of(schema):
                choices += ["true", "false"]
            if "format" in schema:
                choices += names(schema["format"])
            for choice in map(str, choices):
                if choice not in seen:
                    seen.add(choice)
                    yield Candidate(choice)
