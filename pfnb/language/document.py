"""A YAML (or JSON) text as nodes that know their lines and columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from pfnb.exceptions import PipelineSyntaxError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 100_000
"""Nodes a text may come to with every alias written out; what makes nested aliases harmless."""


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
    # Imported here, since the library is a good part of what `%load_ext` would wait for.
    from pfnb.language.yaml_reader import Reader

    return Reader(source, first_line).read()
