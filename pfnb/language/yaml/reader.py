"""Reads YAML into the nodes of a document: the only module that uses the YAML library, besides `problems`.

Works on the library's events, without recursion and without building Python objects: tags have no meaning here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from pfnb.language.yaml.nodes import MAX_DEPTH, MAX_NODES, Mapping, Node, Scalar, Sequence
from pfnb.language.yaml.problems import Seen, comment_problem, explain

_ANCHOR = re.compile(r"&\S+ +")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Reader:
    """Reads one text, once. Errors as `read_document`."""

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
        except (
            YAMLError,
            ValueError,
            OverflowError,
            AssertionError,
            IndexError,
        ) as error:  # the library's own are among them
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
                raise self._wrong("half of a surrogate pair is not a character", event) from None
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
                raise self._wrong(f'the key "{key.text}" is already in line {keys[key.text].line}', item)
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
            raise self._wrong(f"more than {MAX_NODES} values, with aliases expanded", event)

    def _position(self, event: Any) -> tuple[int, int]:
        return event.start_mark.line + self.first_line, event.start_mark.column + 1

    def _wrong(self, message: str, event: Any) -> PipelineSyntaxError:
        return PipelineSyntaxError(message, line=event.start_mark.line + 1, column=event.start_mark.column + 1)


def _without_tabs(source: str) -> str:
    """JSON may be indented by tabs, which YAML forbids; a space each keeps lines and columns as they are."""
    if not source.lstrip().startswith(("{", "[")):
        return source
    return re.sub(r"(?m)^[ \t]+", lambda found: " " * len(found[0]), source)
