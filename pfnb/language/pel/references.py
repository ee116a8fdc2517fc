"""Compiles assignment targets: the last step of a path refers to a slot in its holder, a variable to one in the frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.access import read_index, read_property, write_index, write_property
from pfnb.language.pel.errors import place
from pfnb.language.pel.frame import Frame, Run
from pfnb.language.pel.nodes import Index, Node, Path, Property, Variable
from pfnb.language.pel.paths import CompileNode, compile_path, index_key, is_fixed


@dataclass(frozen=True, slots=True)
class Reference:
    """`find` looks up holder and key, once; `read` and `write` then use them. `at` is the key's offset."""

    find: Callable[[Any, Frame], tuple[Any, Any]]
    read: Callable[[Any, Any], Any]
    write: Callable[[Any, Any, Any], None]
    at: int


def compile_reference(node: Node, offset: int, compile_node: CompileNode) -> Reference:
    """The target that the node names; one that cannot be assigned to fails when it is looked up."""
    if isinstance(node, Variable):
        return _variable(node)
    if not isinstance(node, Path):
        return _unassignable("only a key, an item or a #variable can be assigned to", offset)
    *before, last = node.steps
    holder = Path(node.start, tuple(before))
    if is_fixed(holder):
        return _unassignable(
            "a list or map that is written here or was copied cannot be changed: put it into a variable first", offset
        )
    find_holder = compile_path(holder, compile_node) if before else _start(node.start, compile_node)
    if isinstance(last, Property):
        return _property(find_holder, last)
    if isinstance(last, Index):
        return _item(find_holder, last, compile_node)
    return _unassignable("the result of a method or of a selection cannot be assigned to", offset)


def _start(start: Node | None, compile_node: CompileNode) -> Run:
    return (lambda this, _frame: this) if start is None else compile_node(start)


def _property(find_holder: Run, step: Property) -> Reference:
    name = step.name
    return Reference(
        lambda this, frame: (find_holder(this, frame), name),
        lambda holder, key: read_property(holder, key, safe=False),
        write_property,
        step.at,
    )


def _item(find_holder: Run, step: Index, compile_node: CompileNode) -> Reference:
    find_key = index_key(step, compile_node)

    def find(this: Any, frame: Frame) -> tuple[Any, Any]:
        holder = find_holder(this, frame)
        return holder, find_key(holder, frame)

    return Reference(find, read_index, write_index, step.at)


def _variable(node: Variable) -> Reference:
    if node.name in ("root", "this"):
        return _unassignable(f"#{node.name} cannot be assigned to", node.at)
    name = node.name

    def find(_this: Any, frame: Frame) -> tuple[Any, Any]:
        if frame.variables is None:
            frame.variables = {}
        return frame.variables, name

    return Reference(find, dict.get, dict.__setitem__, node.at)


def _unassignable(message: str, offset: int) -> Reference:
    def find(_this: Any, _frame: Frame) -> tuple[Any, Any]:
        error = PelEvaluationError(message)
        place(error, offset)
        raise error

    return Reference(find, read_index, write_index, offset)
