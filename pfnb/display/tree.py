"""A value as a bounded tree of rows, which both forms of a display draw.

It is built breadth first and without recursion: a huge first list leaves room for its siblings, and depth needs no stack.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from pfnb.display.visible import clip, markup
from pfnb.language.masking import MASK, Mask, hides

Kind = Literal["object", "array", "text", "number", "word", "hidden"]

_KEY_LENGTH = 120
_ROW_COST = 170
"""Bytes of HTML around a row's own text."""


class Number(str):
    """A JSON number as it was written, with any number of digits."""

    __slots__ = ()


@dataclass(frozen=True)
class Embedded:
    """A JSON document found inside a text (such as GitHub's form field `payload`)."""

    value: Any


@dataclass(frozen=True)
class Limits:
    """Limits of a tree: rows in all, rows of one container, levels, characters of one text, bytes of HTML."""

    nodes: int = 500
    children: int = 100
    depth: int = 20
    text: int = 2_000
    size: int = 90_000


@dataclass
class Node:
    """One row. `size` counts the children of a container or the characters of a text, shown or not; `cut` is for texts."""

    key: str | None
    kind: Kind
    text: str = ""
    size: int = 0
    embedded: bool = False
    cut: bool = False
    children: list[Node] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many children are not shown."""
        return self.size - len(self.children) if self.is_container else 0

    @property
    def is_container(self) -> bool:
        return self.kind in ("object", "array")

    def count(self) -> int:
        """The rows of this node and all below it."""
        total, waiting = 0, [self]
        while waiting:
            total += 1
            waiting += waiting.pop().children
        return total


def build_tree(value: Any, mask: Mask, limits: Limits | None = None) -> Node:
    """The tree of `value` (JSON data; `Number` and `Embedded` are understood), with its secrets hidden."""
    return _Builder(mask, limits or Limits()).build(value)


class _Builder:
    def __init__(self, mask: Mask, limits: Limits) -> None:
        self._mask = mask
        self._limits = limits
        self._nodes_left = limits.nodes
        self._size_left = limits.size
        self._waiting: deque[tuple[Node, Any, int, bool]] = deque()

    def build(self, value: Any) -> Node:
        root = self._node(None, value, depth=0, secret=False)
        while self._waiting:
            parent, container, depth, secret = self._waiting.popleft()
            for key, child, child_secret in islice(children(container), self._limits.children):
                if self._nodes_left <= 0 or self._size_left <= 0:
                    break
                parent.children.append(self._node(key, child, depth, secret=secret or child_secret))
        return root

    def _node(self, key: str | None, value: Any, depth: int, *, secret: bool) -> Node:
        node = make_node(key, value, self._mask, secret=secret, text=self._limits.text)
        self._nodes_left -= 1
        self._size_left -= _ROW_COST + _cost(node.key or "")
        while node.text and _cost(node.text) > max(0, self._size_left):
            node.text, node.cut = node.text[: len(node.text) // 2], True
        self._size_left -= _cost(node.text)
        if node.is_container and depth < self._limits.depth:
            self._waiting.append((node, plain(value), depth + 1, secret))
        return node


def make_node(key: str | None, value: Any, mask: Mask, *, secret: bool = False, text: int = Limits.text) -> Node:
    """One row, without its children. `secret` hides the value, `text` is how many characters of a text are shown."""
    node = _leaf_or_container(plain(value), mask, secret=secret, length=text)
    node.key = None if key is None else mask.head(key, _KEY_LENGTH)
    node.embedded = isinstance(value, Embedded)
    return node


def plain(value: Any) -> Any:
    """The value itself, or the one inside an `Embedded`."""
    return value.value if isinstance(value, Embedded) else value


def _leaf_or_container(value: Any, mask: Mask, *, secret: bool, length: int) -> Node:
    if isinstance(value, Mapping):
        return Node(None, "object", size=len(value))
    if isinstance(value, list | tuple):
        return Node(None, "array", size=len(value))
    if value is None or isinstance(value, bool):
        return Node(None, "word", {None: "null", True: "true", False: "false"}[value])
    if secret and value != "":
        return Node(None, "hidden", MASK)
    if isinstance(value, Number | int | float):
        return Node(None, "number", clip(str(value), 60))
    text = str(value)
    return Node(None, "text", mask.head(text, length), size=len(text), cut=len(text) > length)


def _cost(text: str) -> int:
    return len(markup(text).encode())


def children(container: Any) -> Iterator[tuple[str | None, Any, bool]]:
    """Key, value, and whether the value is a secret, of each child."""
    if not isinstance(container, Mapping):
        for index, child in enumerate(container):
            yield str(index), child, False
        return
    # A list of parameters or headers: {"name": "Authorization", "value": "…"}
    label = next((container[key] for key in ("name", "key", "Name", "Key") if isinstance(container.get(key), str)), "")
    for key, child in container.items():
        yield str(key), child, hides(str(key), child) or (str(key).lower() == "value" and hides(label, child))
