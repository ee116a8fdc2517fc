"""A YAML (or JSON) text as nodes that know their lines and columns: the only place that knows the YAML library.

Works on the library's events, which costs no recursion and builds no Python objects: tags have no meaning here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from pfnb.exceptions import PipelineSyntaxError
from pfnb.language.yaml_problems import Seen, comment_problem, explain

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 100_000
"""Nodes a text may come to with every alias written out; what makes nested aliases harmless."""

_ANCHOR = re.compile(r"&\S+ +")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Scalar:
    """A text; `style` is None (plain), `'`, `"`, `|` or `>`. `start` and `end` are offsets in the source. `marks` are the
    characters that open an expression in it, before a `{`.

    Of every node, `size` counts its nodes and `height` its levels, aliases written out.
    """

    line: int
    column: int
    text: str
    style: str | None
    start: int
    end: int
    size: int = 1
    height: int = 1
    marks: str = "#$"


@dataclass(slots=True)
class Sequence:
    line: int
    column: int
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class Mapping:
    line: int
    column: int
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)
    size: int = 1
    height: int = 1


Node = Scalar | Sequence | Mapping


def read_document(source: str, *, first_line: int = 1) -> Node | None:
    """The root node; None for a text without content. Lines count from `first_line`.

    Raises PipelineSyntaxError, with line and column, for text that is not YAML and for YAML that is too big, too deep,
    cyclic, tagged, or has a key twice.
    """
    if len(source.encode("utf-8", "replace")) > MAX_BYTES:
        raise PipelineSyntaxError(f"the text is longer than {MAX_BYTES // 1024} KiB", line=first_line, column=1)
    return _Reader(source, first_line).read()


class _Reader:
    def __init__(self, source: str, first_line: int) -> None:
        self.source = source
        self.first_line = first_line
        self.seen = Seen()
        self.anchors: dict[str, Node | None] = {}
        self.total = 0

    def read(self) -> Node | None:
        events = self._events()
        root: Node | None = None
        try:
            for event in events:
                if isinstance(event, NodeEvent):
                    if root is not None:
                        raise self._wrong('a second document begins here: remove the "---"', event)
                    root = self._node(event, events, 1)
        except PipelineSyntaxError as error:
            error.line = (error.line or 1) - 1 + self.first_line
            raise
        return root

    def _events(self) -> Iterator[Any]:
        try:
            for event in YAML(typ="safe", pure=True).parse(_without_tabs(self.source)):
                problem = comment_problem(self.source, self.seen, event)
                if problem is not None:
                    raise problem
                yield event
                if not isinstance(event, DocumentEndEvent):
                    self.seen = Seen(event)
        except (YAMLError, ValueError, OverflowError) as error:
            raise explain(error, self.source, self.seen, self.first_line) from None

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._wrong(f"nested deeper than {MAX_DEPTH} levels", event)
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self._count(1, event)
        if event.tag is not None:
            raise self._wrong(
                f'"{event.tag}": tags are not allowed, a pipeline is plain data (quote it if it is text)', event
            )
        node: Node
        if isinstance(event, ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, SequenceStartEvent):
            node = self._sequence(event, events, depth)
        else:
            node = self._mapping(event, events, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _scalar(self, event: Any) -> Scalar:
        text = event.value
        if _SURROGATE.search(text):  # JSON writes characters beyond U+FFFF as two escapes
            try:
                text = text.encode("utf-16", "surrogatepass").decode("utf-16")
            except UnicodeDecodeError:
                raise self._wrong("half of a surrogate pair is no character", event) from None
        start, end = event.start_mark, event.end_mark.index
        anchored = _ANCHOR.match(self.source, start.index, end)
        skip = len(anchored[0]) if anchored else 0
        line, column = self._position(event)
        return Scalar(line, column + skip, text, event.style, start.index + skip, end)

    def _sequence(self, event: SequenceStartEvent, events: Iterator[Any], depth: int) -> Sequence:
        node = Sequence(*self._position(event))
        for item in events:
            if isinstance(item, SequenceEndEvent):
                break
            node.items.append(child := self._node(item, events, depth + 1))
            node.size += child.size
            node.height = max(node.height, child.height + 1)
        return node

    def _mapping(self, event: MappingStartEvent, events: Iterator[Any], depth: int) -> Mapping:
        node = Mapping(*self._position(event))
        keys: dict[str, Scalar] = {}
        for item in events:
            if isinstance(item, MappingEndEvent):
                break
            key = self._node(item, events, depth + 1)
            if not isinstance(key, Scalar):
                raise self._wrong("a key must be a text", item)
            if key.text in keys:
                raise self._wrong(f'the key "{key.text}" is there already, in line {keys[key.text].line}', item)
            keys[key.text] = key
            value = self._node(next(events), events, depth + 1)
            node.entries.append((key, value))
            node.size += key.size + value.size
            node.height = max(node.height, value.height + 1)
        return node

    def _alias(self, event: AliasEvent, depth: int) -> Node:
        if event.anchor not in self.anchors:
            raise self._wrong(f"*{event.anchor} refers to nothing above it: put it in quotes if it is text", event)
        node = self.anchors[event.anchor]
        if node is None:
            raise self._wrong(f"*{event.anchor} refers to something that contains it", event)
        if depth + node.height - 1 > MAX_DEPTH:
            raise self._wrong(f"nested deeper than {MAX_DEPTH} levels", event)
        self._count(node.size, event)
        return node

    def _count(self, size: int, event: Any) -> None:
        self.total += size
        if self.total > MAX_NODES:
            raise self._wrong(f"more than {MAX_NODES} values, aliases written out", event)

    def _position(self, event: Any) -> tuple[int, int]:
        return event.start_mark.line + self.first_line, event.start_mark.column + 1

    def _wrong(self, message: str, event: Any) -> PipelineSyntaxError:
        return PipelineSyntaxError(message, line=event.start_mark.line + 1, column=event.start_mark.column + 1)


def _without_tabs(source: str) -> str:
    """JSON may be indented by tabs, which YAML forbids; a space each keeps lines and columns as they are."""
    if not source.lstrip().startswith(("{", "[")):
        return source
    return re.sub(r"(?m)^[ \t]+", lambda found: " " * len(found[0]), source)
