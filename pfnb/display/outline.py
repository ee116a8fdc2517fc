"""Draws a tree in two forms: folded HTML, and indented lines of text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from pfnb.display.block import NOTHING, code, element, hint, joined, more
from pfnb.display.tree import Node
from pfnb.display.units import human_count
from pfnb.display.visible import Html, clip, clip_columns, columns, markup, visible

_LONG = 240
_LONG_LINES = 4


def outline_html(root: Node, *, rows: int = 25) -> Html:
    """The tree as nested folds; from the top, as many are open as fit in `rows` rows."""
    if root.kind == "text":
        return Html(element("pre", markup(root.text)) + _cut_html(root))
    if not root.is_container:
        return _value_html(root)
    return _children_html(root, _unfolded(root, rows)) if root.size else hint(_count(root))


def outline_text(root: Node, *, rows: int = 40, width: int = 100) -> list[str]:
    """The tree as at most about `rows` lines of at most `width` columns."""
    if not root.is_container:
        return _value_lines(root, rows, width)
    if not root.size:
        return [_count(root)]
    lines = list(_lines(root, _unfolded(root, rows), 0, width))
    return lines if len(lines) <= rows else [*lines[: rows - 1], f"… {human_count(len(lines) - rows + 1, 'more line')}"]


def _unfolded(root: Node, rows: int) -> set[int]:
    """The ids of the containers to open, breadth first, until `rows` rows show."""
    opened, shown, waiting = {id(root)}, len(root.children), deque(root.children)
    while waiting:
        node = waiting.popleft()
        if node.children and shown + len(node.children) <= rows:
            shown += len(node.children)
            opened.add(id(node))
            waiting += node.children
    return opened


def _children_html(node: Node, opened: set[int]) -> Html:
    rows = [_row_html(child, opened, in_array=node.kind == "array") for child in node.children]
    return element("div", *rows, more(node.more), names="pfnb-kids")


def _row_html(node: Node, opened: set[int], *, in_array: bool) -> Html:
    key = code(node.key or "", "index" if in_array else "key")
    if not node.is_container:
        return element("div", joined([key, _value_html(node)]), names="pfnb-leaf")
    names = _names(node)
    head = joined([key, hint(_count(node)), *([code(names, "names")] if names else [])])
    if not node.size:
        return element("div", head, names="pfnb-leaf")
    return element("details", element("summary", head), _children_html(node, opened), is_open=id(node) in opened)


def _value_html(node: Node) -> Html:
    if node.kind != "text" or (node.size <= _LONG and node.text.count("\n") < _LONG_LINES):
        return code(node.text, "string" if node.kind == "text" else node.kind, one_line=False)
    head = joined([code(clip(node.text.strip().partition("\n")[0], 100)), hint(_length(node))])
    content = element("pre", markup(node.text))
    return element("details", element("summary", head), content, _cut_html(node), names="pfnb-long")


def _cut_html(node: Node) -> Html:
    return more(node.size - len(node.text), "more characters") if node.cut else NOTHING


def _length(node: Node) -> str:
    return human_count(node.size, "character")


def _count(node: Node) -> str:
    if not node.size:
        return f"empty {node.kind}"
    words = human_count(node.size, "field" if node.kind == "object" else "item")
    return f"JSON in a text, {words}" if node.embedded else words


def _names(node: Node) -> str:
    """The first keys of an object, for its folded row."""
    if node.kind != "object":
        return ""
    names = clip(", ".join(child.key or "" for child in node.children[:6]), 60)
    return f"{names}, …" if node.size > 6 and not names.endswith("…") else names


def _lines(node: Node, opened: set[int], depth: int, width: int) -> Iterator[str]:
    indent = "  " * depth
    keys = [visible(child.key or "", one_line=True) for child in node.children]
    column = min(24, max((columns(key) for key in keys), default=0))
    for key, child in zip(keys, node.children, strict=True):
        shown = clip_columns(key, 40)
        space = " " * (max(0, column - columns(shown)) + 2)
        value = _container_text(child) if child.is_container else _value_text(child)
        yield clip_columns(f"{indent}{shown}{space}{value}", width)
        if id(child) in opened:
            yield from _lines(child, opened, depth + 1, width)
    if node.more:
        yield f"{indent}… {node.more:,} more"


def _container_text(node: Node) -> str:
    names = visible(_names(node), one_line=True)
    return f"{_count(node)}: {names}" if names else _count(node)


def _value_text(node: Node) -> str:
    if node.kind != "text":
        return node.text
    quoted = f'"{visible(node.text[:400], one_line=True)}"'
    return quoted if node.size <= 400 else f"({_length(node)}) {quoted}"


def _value_lines(node: Node, rows: int, width: int) -> list[str]:
    """A text that is the whole tree keeps its line breaks."""
    lines = visible(node.text).expandtabs(4).split("\n")
    shown = [clip_columns(line, width) for line in lines[:rows]]
    return shown if len(lines) <= rows and not node.cut else [*shown, f"… of {_length(node)}"]
