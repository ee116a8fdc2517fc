"""Draws a tree as indented JSON for terminals, with a colour for each kind of value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pfnb.display.tree import Node
from pfnb.display.visible import clip_columns, columns, visible

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_STYLES = {"text": "green", "number": "cyan", "word": "yellow", "hidden": "dim"}


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours text for a terminal, if `is_on`. The text must be harmless already."""

    is_on: bool

    @classmethod
    def of(cls, *, terminal: bool, environ: Mapping[str, str]) -> Paint:
        """On at a terminal, unless `NO_COLOR` is set or the terminal is `dumb`."""
        return cls(terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")

    def __call__(self, text: str, style: str | None) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.is_on and style and text else text

    def line(self, pieces: list[tuple[str, str | None]], width: int) -> str:
        """Pieces of text with their styles as one line of at most `width` columns."""
        drawn, left = "", width
        for text, style in pieces:
            shown = clip_columns(text, left)
            drawn += self(shown, style)
            left -= columns(shown)
            if shown != text or left <= 0:
                break
        return drawn


def json_lines(root: Node, paint: Paint, *, width: int) -> list[str]:
    """The tree as lines of JSON. What the tree leaves out is counted: `… 12 more`."""
    return [paint.line([("  " * depth, None), *pieces], width) for depth, pieces in _lines(root, 0, [], "")]


_Piece = tuple[str, str | None]


def _lines(node: Node, depth: int, head: list[_Piece], end: str) -> Iterator[tuple[int, list[_Piece]]]:
    """Lines with their depths; `head` is a key before the value, `end` a comma behind it. A tree has at most 20 levels."""
    if not node.is_container:
        yield depth, [*head, (_value(node), _STYLES[node.kind]), (end, None)]
        return
    opening, closing = "{}" if node.kind == "object" else "[]"
    if not node.size:
        yield depth, [*head, (opening + closing + end, None)]
        return
    yield depth, [*head, (opening, None)]
    for index, child in enumerate(node.children):
        key = [] if node.kind == "array" else [(_quoted(child.key or ""), "blue"), (": ", None)]
        is_last = index == len(node.children) - 1 and not node.more
        yield from _lines(child, depth + 1, key, "" if is_last else ",")
    if node.more:
        yield depth + 1, [(f"… {node.more:,} more", "dim")]
    yield depth, [(closing + end, None)]


def _value(node: Node) -> str:
    if node.kind != "text":
        return node.text
    return _quoted(node.text) + (f" (of {node.size:,} characters)" if node.cut else "")


def _quoted(text: str) -> str:
    return visible(json.dumps(text, ensure_ascii=False), one_line=True)
