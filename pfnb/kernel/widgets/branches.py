"""A value as a tree that unfolds in pages: the browser holds only what it shows, the kernel the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pfnb.display.tree import Embedded, children, make_node, plain
from pfnb.display.visible import visible
from pfnb.kernel.widgets.expressions import expression
from pfnb.language.masking import Mask

PAGE = 100
"""Children in one answer."""
_TEXT = 400
LONGEST_TEXT = 256 * 1024


@dataclass(frozen=True)
class Tree:
    """A value to unfold. `root` is the expression of the value itself; None if a pipeline cannot reach into it."""

    value: Any
    mask: Mask
    root: str | None = None


@dataclass(frozen=True)
class _Branch:
    key: str | None
    value: Any
    steps: tuple[str | int, ...]
    secret: bool = False
    within_text: bool = False


def top(tree: Tree) -> dict[str, Any]:
    """The tree's own row, and the first page of its children."""
    return {"row": _row(tree, _Branch(None, tree.value, ()), _TEXT), **page(tree, (), 0)}


def page(tree: Tree, place: Sequence[int], offset: int) -> dict[str, Any]:
    """Children of the value at `place` (a path of positions from the top), from `offset` on: `{"rows": […], "size": n}`."""
    parent = _find(tree, place)
    value = plain(parent.value)
    size = len(value) if isinstance(value, dict | list | tuple) else 0
    found = islice(_below(parent), offset, offset + PAGE) if size else ()
    return {"rows": [_row(tree, branch, _TEXT) for branch in found], "size": size}


def whole_text(tree: Tree, place: Sequence[int]) -> dict[str, Any]:
    """The row at `place` with as much of its text as a browser should hold."""
    return _row(tree, _find(tree, place), LONGEST_TEXT)


def _find(tree: Tree, place: Sequence[int]) -> _Branch:
    branch = _Branch(None, tree.value, ())
    for position in place:
        branch = next(islice(_below(branch), position, None), branch)
    return branch


def _below(parent: _Branch) -> Iterator[_Branch]:
    container, within_text = plain(parent.value), parent.within_text or isinstance(parent.value, Embedded)
    is_list = isinstance(container, list | tuple)
    for index, (key, child, secret) in enumerate(children(container)):
        step = index if is_list else str(key)
        steps = parent.steps if within_text else (*parent.steps, step)
        yield _Branch(key, child, steps, parent.secret or secret, within_text)


def _row(tree: Tree, branch: _Branch, length: int) -> dict[str, Any]:
    node = make_node(branch.key, branch.value, tree.mask, secret=branch.secret, text=length)
    return {
        "key": None if node.key is None else visible(node.key, one_line=True),
        "kind": node.kind,
        "text": visible(node.text),
        "size": node.size,
        "cut": node.cut,
        "embedded": node.embedded,
        "expression": None if tree.root is None else expression(tree.root, branch.steps),
    }
