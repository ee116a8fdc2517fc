"""The nodes of a YAML (or JSON) text, with lines and columns."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_DEPTH = 100
MAX_NODES = 100_000
"""Maximum number of nodes with every alias expanded; makes nested aliases harmless."""


@dataclass(slots=True)
class Scalar:
    """A text; `style` is None (plain), `'`, `"`, `|` or `>`. `start` and `end` are offsets in the source. `marks` are the
    characters that open an expression in it, before a `{`.

    On every node, `size` counts its nodes and `height` its levels, aliases expanded.
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
