"""Compiles paths such as `vars.orders.?[total > 9][0].id`: a value, and steps that lead on from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.access import read_index, read_property
from pfnb.language.pel.errors import place
from pfnb.language.pel.frame import Frame, Run
from pfnb.language.pel.functions import call_function, find_function
from pfnb.language.pel.limits import ITEM_COST
from pfnb.language.pel.literal_text import is_literal
from pfnb.language.pel.methods import COPYING_METHODS, call_method
from pfnb.language.pel.nodes import (
    Call,
    FunctionObject,
    Index,
    ListLiteral,
    Literal,
    MapLiteral,
    Node,
    Path,
    Projection,
    Property,
    Selection,
    Step,
    Variable,
)
from pfnb.language.pel.values import Array, Entry, is_list, is_map, kind

CompileNode: TypeAlias = Callable[[Node], Run]
_Walk: TypeAlias = Callable[[Any, Any, Frame], Any]
"""A compiled step; it takes the value so far, `#this`, and the frame."""


def compile_path(node: Path, compile_node: CompileNode) -> Run:
    start, steps = node.start, node.steps
    if isinstance(start, FunctionObject):
        return _then(_function_call(start, steps[0], compile_node), steps[1:], False, compile_node)
    if isinstance(start, Variable) and isinstance(steps[0], Call) and steps[0].at == start.at:
        return _undefined_function(start)
    if start is not None:
        return _then(compile_node(start), steps, is_constant(start), compile_node)
    plain = 0
    while plain < len(steps) and isinstance(steps[plain], Property) and not steps[plain].safe:
        plain += 1
    return _then(_keys(steps[:plain]), steps[plain:], False, compile_node)


def simple_name(node: Node) -> str | None:
    """The name, if the node is only a name: as a key of a map it means itself."""
    if isinstance(node, Path) and node.start is None and len(node.steps) == 1:
        step = node.steps[0]
        if isinstance(step, Property):
            return step.name
    return None


def is_constant(node: Node) -> bool:
    """Whether the node is a list or map of literals only, which is immutable in Spring."""
    if isinstance(node, ListLiteral):
        return all(
            isinstance(item, Literal) or (isinstance(item, ListLiteral) and is_constant(item)) for item in node.items
        )
    if isinstance(node, MapLiteral):
        return all(
            (isinstance(key, Literal) or simple_name(key) is not None)
            and (isinstance(value, Literal) or is_constant(value))
            for key, value in node.entries
        )
    return False


def is_fixed(node: Path) -> bool:
    """Whether the path leads to a part of such a constant, or to a copy: changing it would have no effect."""
    fixed = node.start is not None and is_constant(node.start)
    for step in node.steps:
        fixed = _stays_fixed(step, fixed)
    return fixed


def _stays_fixed(step: Step, fixed: bool) -> bool:
    if isinstance(step, Call):
        return step.name in COPYING_METHODS
    return fixed and isinstance(step, Property | Index)


def _keys(steps: tuple[Step, ...]) -> Run:
    """Keys read one after another from `#this`: the most common path, and therefore a loop of its own."""
    properties = [step for step in steps if isinstance(step, Property)]
    names = tuple(step.name for step in properties)

    def run(this: Any, frame: Frame) -> Any:
        value = this
        try:
            for name in names:
                if value.__class__ is not dict and not isinstance(value, dict):
                    return walk(this, frame)
                value = value[name]
        except KeyError:
            return walk(this, frame)
        return value

    def walk(value: Any, frame: Frame) -> Any:
        for step in properties:
            if value.__class__ is str:
                frame.scan(value)
            try:
                value = read_property(value, step.name, safe=False)
            except PelEvaluationError as error:
                place(error, step.at)
                raise
        return value

    if len(names) != 2:
        return run
    first, second = names

    def pair(this: Any, frame: Frame) -> Any:
        """The most common path of all, such as `vars.a`."""
        try:
            if this.__class__ is dict and (value := this[first]).__class__ is dict:
                return value[second]
        except KeyError:
            return walk(this, frame)
        return run(this, frame)

    return pair


def _then(start: Run, steps: tuple[Step, ...], fixed: bool, compile_node: CompileNode) -> Run:
    if not steps:
        return start
    walks = list(_compiled_steps(steps, fixed, compile_node))

    def run(this: Any, frame: Frame) -> Any:
        value = start(this, frame)
        for walk, offset in walks:
            try:
                value = walk(value, this, frame)
            except PelEvaluationError as error:
                place(error, offset)
                raise
        return value

    return run


def _compiled_steps(steps: tuple[Step, ...], fixed: bool, compile_node: CompileNode) -> Iterator[tuple[_Walk, int]]:
    for step in steps:
        match step:
            case Property():
                yield _property(step), step.at
            case Index():
                yield _index(step, compile_node), step.at
            case Call():
                yield _call(step, fixed, compile_node), step.at
            case Selection():
                yield _selection(step, compile_node), step.at
            case Projection():
                yield _projection(step, compile_node), step.at
        fixed = _stays_fixed(step, fixed)


def _property(step: Property) -> _Walk:
    name, safe = step.name, step.safe

    def walk(value: Any, _this: Any, frame: Frame) -> Any:
        if value.__class__ is str:
            frame.scan(value)
        return read_property(value, name, safe=safe)

    return walk


def index_key(step: Index, compile_node: CompileNode) -> Callable[[Any, Frame], Any]:
    """Finds the key for a given holder: for a map, a bare name is the key itself; anything else is evaluated over the root."""
    name, key = simple_name(step.key), compile_node(step.key)
    if name is None:
        return lambda _holder, frame: key(frame.root, frame)
    return lambda holder, frame: name if is_map(holder) else key(frame.root, frame)


def _index(step: Index, compile_node: CompileNode) -> _Walk:
    find_key, safe = index_key(step, compile_node), step.safe

    def walk(value: Any, _this: Any, frame: Frame) -> Any:
        if value.__class__ is str:
            frame.scan(value)
        if value is None and safe:
            return None
        return read_index(value, find_key(value, frame))

    return walk


def _call(step: Call, fixed: bool, compile_node: CompileNode) -> _Walk:
    name, safe = step.name, step.safe
    arguments = [compile_node(argument) for argument in step.arguments]

    def walk(value: Any, this: Any, frame: Frame) -> Any:
        if value is None and safe:
            return None
        return call_method(value, name, [argument(this, frame) for argument in arguments], frame, fixed=fixed)

    return walk


def _function_call(start: FunctionObject, step: Step, compile_node: CompileNode) -> Run:
    name = start.name
    method = step.name if isinstance(step, Call) else None
    nodes = step.arguments if isinstance(step, Call) else ()
    arguments, literals = [compile_node(argument) for argument in nodes], tuple(map(is_literal, nodes))

    def run(this: Any, frame: Frame) -> Any:
        try:
            if method is None:
                find_function(frame.functions, name)
                raise PelEvaluationError(f"only methods of @{name} can be used, as @{name}.…(…)")
            given = [argument(this, frame) for argument in arguments]
            return frame.produced(frame.called(call_function, frame.functions, name, method, given, literals))
        except PelEvaluationError as error:
            place(error, start.at)
            raise

    return run


def _undefined_function(start: Variable) -> Run:
    def run(_this: Any, _frame: Frame) -> Any:
        error = PelEvaluationError(f"there is no function '#{start.name}': functions are called as @name.method(…)")
        place(error, start.at)
        raise error

    return run


def _elements(value: Any, mark: str, frame: Frame, weight: int) -> list[Any] | tuple[Any, ...]:
    """The elements to iterate over; each counts `weight`."""
    if is_map(value) and not isinstance(value, Entry):
        frame.spend(len(value) * (ITEM_COST + weight))
        return [Entry(key, item) for key, item in value.items()]
    if is_list(value):
        frame.spend(len(value) * weight)
        return value
    hint = f": write ?.{mark} where it may be null" if value is None else ""
    raise PelEvaluationError(f"{mark} needs a list or a map before it, not {kind(value)}{hint}")


def _selection(step: Selection, compile_node: CompileNode) -> _Walk:
    which, safe, weight, condition = step.which, step.safe, step.weight, compile_node(step.condition)

    def walk(value: Any, _this: Any, frame: Frame) -> Any:
        if value is None and safe:
            return None
        chosen = []
        for element in _elements(value, f"{which}[…]", frame, weight):
            holds = condition(element, frame)
            if holds is not True and holds is not False:
                raise PelEvaluationError(f"the condition of {which}[…] must be true or false, not {kind(holds)}")
            if holds:
                chosen.append(element)
                if which == "^":
                    break
        return frame.produced(_chosen(value, chosen, which))

    return walk


def _chosen(value: Any, chosen: list[Any], which: str) -> Any:
    if which != "?":
        if not chosen:
            return None
        chosen = chosen[-1:]
        if not is_map(value):
            return chosen[0]
    if is_map(value):
        return {entry["key"]: entry["value"] for entry in chosen}
    return Array(chosen) if isinstance(value, Array) else chosen


def _projection(step: Projection, compile_node: CompileNode) -> _Walk:
    safe, weight, project = step.safe, step.weight, compile_node(step.value)

    def walk(value: Any, _this: Any, frame: Frame) -> Any:
        if value is None and safe:
            return None
        projected = [project(element, frame) for element in _elements(value, "![…]", frame, weight)]
        return frame.produced(Array(projected) if isinstance(value, Array) else projected)

    return walk
