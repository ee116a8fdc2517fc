"""Positions of texts in the document: maps an offset within an expression to line and column."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pfnb.exceptions import PelError
from pfnb.language.yaml.nodes import Node, Scalar

_ESCAPE = re.compile(r"\\(?:x.{2}|u.{4}|U.{8}|.)|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """Maps offsets in a text to the document.

    `starts` holds, for each line of the text, its offset in the text and its line and column in the document.
    `widths` holds the offsets of characters that take several characters in the source (doubled quotes, escapes), and how many
    more. If `is_exact` is false, only the text's beginning is known. `marks`: see Scalar.
    """

    starts: tuple[tuple[int, int, int], ...]
    widths: tuple[tuple[int, int], ...] = ()
    is_exact: bool = True
    marks: str = "#$"

    @property
    def line(self) -> int:
        return self.starts[0][1]

    @property
    def column(self) -> int:
        return self.starts[0][2]

    def locate(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset`, which counts from 0."""
        if not self.is_exact:
            return self.line, self.column
        begin, line, column = max(start for start in self.starts if start[0] <= max(offset, 0))
        return line, column + offset - begin + sum(more for at, more in self.widths if begin <= at < offset)

    def after(self, offset: int) -> Place:
        """The place of the rest of the text, from `offset` on."""
        if not self.is_exact:
            return self
        line, column = self.locate(offset)
        later = tuple((begin - offset, *where) for begin, *where in self.starts if begin > offset)
        widths = tuple((at - offset, more) for at, more in self.widths if at >= offset)
        return Place(((0, line, column), *later), widths, marks=self.marks)  # type: ignore[arg-type]


def at(node: Node) -> Place:
    """The beginning of a node of any kind."""
    return Place(((0, node.line, node.column),), is_exact=False)


def place_of(scalar: Scalar, source: str) -> Place:
    """The place of a scalar's text. Exact for texts in one line and for `|` texts; for folded ones, whose lines differ from the
    document's, every offset maps to the text's beginning."""
    raw = source[scalar.start : scalar.end]
    if scalar.style == "|":
        return _literal(scalar, raw)
    if scalar.style == ">" or "\n" in raw:
        return Place(((0, scalar.line, scalar.column),), is_exact=False, marks=scalar.marks)
    if scalar.style == "'":
        widths = [(at, 1) for at, character in enumerate(scalar.text) if character == "'"]
        return Place(((0, scalar.line, scalar.column + 1),), tuple(widths), marks=scalar.marks)
    if scalar.style == '"':
        return Place(((0, scalar.line, scalar.column + 1),), _escapes(raw[1:-1]), marks=scalar.marks)
    return Place(((0, scalar.line, scalar.column),), marks=scalar.marks)


def _literal(scalar: Scalar, raw: str) -> Place:
    """Each line of a `|` text is one of the document, less its indentation."""
    starts, offset = [], 0
    written = raw.split("\n")[1:]
    for number, (text, line) in enumerate(zip(scalar.text.split("\n"), written, strict=False)):
        starts.append((offset, scalar.line + 1 + number, len(line.removesuffix("\r")) - len(text) + 1))
        offset += len(text) + 1
    return Place(tuple(starts) or ((0, scalar.line, scalar.column),), marks=scalar.marks)


def _escapes(raw: str) -> tuple[tuple[int, int], ...]:
    return tuple((at, len(found[0]) - 1) for at, found in enumerate(_ESCAPE.finditer(raw)) if len(found[0]) > 1)


def relocate(error: PelError, text: str, place: Place) -> None:
    """Convert an error's line and column in an expression to those in the document."""
    before = text.split("\n")[: (error.line or 1) - 1]
    offset = sum(len(line) + 1 for line in before) + (error.column or 1) - 1
    error.line, error.column = place.locate(min(offset, len(text)))
