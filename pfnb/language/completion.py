"""What may stand at a cursor in a pipeline that is still being written: names, values and expressions, for editors and cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.language.command import CommandRegistry
from pfnb.language.cursor import ITEM, Cursor, cursor_at
from pfnb.language.hints import expression_hints
from pfnb.language.schema import definition, document_schema, types_of

Names = Callable[[str], Iterable[str]]
"""Answers which names there are of a kind: `event-key`, `pipeline-name`."""

EXPRESSION = "expression"
_OPENING = re.compile(r"[#$]\{")


@dataclass(frozen=True, slots=True)
class Candidate:
    """`text` goes where the completion's range is; `detail` says in a sentence what it is, as far as that is known."""

    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand at the cursor. `start` and `end` are offsets in the text: what is replaced."""

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
    """What stands of the expression in which the cursor is; None if it is in none."""
    openings = [found.end() for found in _OPENING.finditer(before)]
    for begin in reversed(openings):
        inner = before[begin:]
        if inner.count("{") >= inner.count("}"):
            return inner
    return cursor.word.lstrip("'\"") if not cursor.is_key and EXPRESSION in place.formats() else None


class _Place:
    """The schemas that hold where a path leads, each taken apart into what it says at once and what it says by `anyOf`."""

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
        """Names for a key. Where a list is due, the dash comes with them."""
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
        """Values that are known: of an enumeration, true and false, and names of things that are there."""
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
