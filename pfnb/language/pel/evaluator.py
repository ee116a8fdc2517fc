"""Turns the nodes of an expression into closures, once, so that evaluating it again costs only its own work.

A closure takes the current value (`#this`: the root, or the element within `?[…]` and `![…]`) and the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel import patterns
from pfnb.language.pel.arithmetic import OPERATIONS, add, negate, positive
from pfnb.language.pel.errors import place
from pfnb.language.pel.frame import Frame, Run
from pfnb.language.pel.map_methods import as_key
from pfnb.language.pel.nodes import (
    Arithmetic,
    Assignment,
    Elvis,
    FunctionObject,
    Increment,
    ListLiteral,
    Literal,
    Logic,
    MapLiteral,
    Node,
    Path,
    Relation,
    Sign,
    Ternary,
    Variable,
)
from pfnb.language.pel.paths import compile_path, simple_name
from pfnb.language.pel.printing import to_joined_text
from pfnb.language.pel.references import compile_reference
from pfnb.language.pel.values import compare, equal, is_list, is_number, kind, to_boolean

_SMALL = 1 << 62
"""Below it, the sum of two whole numbers needs no check of its size."""


def compile_node(node: Node) -> Run:
    return _COMPILERS[type(node)](node)


def _literal(node: Literal) -> Run:
    value = node.value
    return lambda _this, _frame: value


def _list(node: ListLiteral) -> Run:
    items = [compile_node(item) for item in node.items]
    return lambda this, frame: frame.produced([item(this, frame) for item in items])


def _map(node: MapLiteral) -> Run:
    entries = []
    for key, value in node.entries:
        name = simple_name(key)
        entries.append((_literal(Literal(name)) if name is not None else compile_node(key), compile_node(value)))
    return lambda this, frame: frame.produced({as_key(key(this, frame)): value(this, frame) for key, value in entries})


def _variable(node: Variable) -> Run:
    name = node.name
    if name == "this":
        return lambda this, _frame: this
    if name == "root":
        return lambda _this, frame: frame.root
    return lambda _this, frame: (frame.variables or {}).get(name)


def _function_object(node: FunctionObject) -> Run:
    def run(_this: Any, _frame: Frame) -> Any:
        error = PelEvaluationError(f"'@{node.name}' is not a value: call one of its methods, @{node.name}.…(…)")
        place(error, node.at)
        raise error

    return run


def _sign(node: Sign) -> Run:
    operand = compile_node(node.operand)
    offset = node.at
    apply: Callable[[Any], Any] = {"-": negate, "+": positive, "!": _negated}[node.operator]

    def run(this: Any, frame: Frame) -> Any:
        try:
            return apply(operand(this, frame))
        except PelEvaluationError as error:
            place(error, offset)
            raise

    return run


def _negated(value: Any) -> bool:
    return not to_boolean(value)


def _arithmetic(node: Arithmetic) -> Run:
    if len(node.rest) > 1:
        return _long_arithmetic(node)
    [(operator, operand, offset)] = node.rest
    left, apply = compile_node(node.first), OPERATIONS[operator]
    if isinstance(operand, Literal):
        if operator == "+" and operand.value.__class__ is int and abs(operand.value) < _SMALL:
            return _plus(left, operand.value, offset)
        return _arithmetic_with(left, apply, operand.value, offset)
    right = compile_node(operand)

    def run(this: Any, frame: Frame) -> Any:
        try:
            result = apply(left(this, frame), right(this, frame))
            return frame.produced(result) if result.__class__ is str else result
        except PelEvaluationError as error:
            place(error, offset)
            raise

    return run


def _arithmetic_with(left: Run, apply: Callable[[Any, Any], Any], constant: Any, offset: int) -> Run:
    """As `_arithmetic`, for the most common case: it saves a call."""

    def run(this: Any, frame: Frame) -> Any:
        try:
            result = apply(left(this, frame), constant)
            return frame.produced(result) if result.__class__ is str else result
        except PelEvaluationError as error:
            place(error, offset)
            raise

    return run


def _plus(left: Run, constant: int, offset: int) -> Run:
    """As `_arithmetic_with`, for counting: it saves another call."""

    def run(this: Any, frame: Frame) -> Any:
        try:
            value = left(this, frame)
            if value.__class__ is int and -_SMALL < value < _SMALL:
                return value + constant
            result = add(value, constant)
            return frame.produced(result) if result.__class__ is str else result
        except PelEvaluationError as error:
            place(error, offset)
            raise

    return run


def _long_arithmetic(node: Arithmetic) -> Run:
    first = compile_node(node.first)
    rest = [(OPERATIONS[operator], compile_node(operand), offset) for operator, operand, offset in node.rest]

    def run(this: Any, frame: Frame) -> Any:
        result = first(this, frame)
        for apply, operand, offset in rest:
            try:
                result = apply(result, operand(this, frame))
                if result.__class__ is str:
                    frame.produced(result)
            except PelEvaluationError as error:
                place(error, offset)
                raise
        return result

    return run


def _logic(node: Logic) -> Run:
    operands = [(compile_node(operand), offset) for operand, offset in node.operands]
    stops_at = node.stops_at

    def run(this: Any, frame: Frame) -> Any:
        for operand, offset in operands:
            try:
                if to_boolean(operand(this, frame)) is stops_at:
                    return stops_at
            except PelEvaluationError as error:
                place(error, offset)
                raise
        return not stops_at

    return run


def _relation(node: Relation) -> Run:
    left, right, offset = compile_node(node.left), compile_node(node.right), node.at
    if node.operator == "matches":
        return _matches(left, right, offset)
    if node.operator in ("==", "!="):
        return _equality(left, right, offset, node.operator == "==")
    apply = _RELATIONS[node.operator]

    def run(this: Any, frame: Frame) -> Any:
        try:
            return apply(left(this, frame), right(this, frame))
        except PelEvaluationError as error:
            place(error, offset)
            raise

    return run


def _equality(left: Run, right: Run, offset: int, wanted: bool) -> Run:
    def run(this: Any, frame: Frame) -> Any:
        try:
            return equal(left(this, frame), right(this, frame), frame.spend) is wanted
        except PelEvaluationError as error:
            place(error, offset)
            raise

    return run


def _matches(left: Run, right: Run, offset: int) -> Run:
    def run(this: Any, frame: Frame) -> Any:
        try:
            text, pattern = left(this, frame), right(this, frame)
            if text is None:
                raise PelEvaluationError("'matches' needs a text before it, not null")
            if not isinstance(pattern, str):
                raise PelEvaluationError(f"'matches' needs a regular expression after it, not {kind(pattern)}")
            return frame.timed(patterns.matches, to_joined_text(text), pattern)
        except PelEvaluationError as error:
            place(error, offset)
            raise

    return run


def _less(left: Any, right: Any) -> bool:
    return left < right if is_number(left) and is_number(right) else compare(left, right) < 0


def _at_most(left: Any, right: Any) -> bool:
    return left <= right if is_number(left) and is_number(right) else compare(left, right) <= 0


def _between(value: Any, bounds: Any) -> bool:
    if not is_list(bounds) or len(bounds) != 2:
        raise PelEvaluationError("'between' needs a list of two after it, such as {1, 10}")
    return compare(value, bounds[0]) >= 0 and compare(value, bounds[1]) <= 0


def _instance_of(_left: Any, _right: Any) -> bool:
    raise PelEvaluationError("'instanceof' needs a type, but types are not part of this language")


_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": _less,
    "<=": _at_most,
    ">": lambda left, right: _less(right, left),
    ">=": lambda left, right: _at_most(right, left),
    "between": _between,
    "instanceof": _instance_of,
}


def _elvis(node: Elvis) -> Run:
    *options, last = [compile_node(option) for option in node.options]

    def run(this: Any, frame: Frame) -> Any:
        for option in options:
            value = option(this, frame)
            if value is not None and not (isinstance(value, str) and not value):
                return value
        return last(this, frame)

    return run


def _ternary(node: Ternary) -> Run:
    condition, yes, no, offset = compile_node(node.condition), compile_node(node.yes), compile_node(node.no), node.at

    def run(this: Any, frame: Frame) -> Any:
        try:
            holds = to_boolean(condition(this, frame))
        except PelEvaluationError as error:
            place(error, offset)
            raise
        return yes(this, frame) if holds else no(this, frame)

    return run


def _path(node: Path) -> Run:
    return compile_path(node, compile_node)


def _assignment(node: Assignment) -> Run:
    reference, value = compile_reference(node.target, node.at, compile_node), compile_node(node.value)

    def run(this: Any, frame: Frame) -> Any:
        new = value(this, frame)
        try:
            holder, key = reference.find(this, frame)
            reference.write(holder, key, new)
        except PelEvaluationError as error:
            place(error, reference.at)
            raise
        return new

    return run


def _increment(node: Increment) -> Run:
    reference, change, prefix = compile_reference(node.target, node.at, compile_node), node.change, node.prefix

    def run(this: Any, frame: Frame) -> Any:
        try:
            holder, key = reference.find(this, frame)
            old = reference.read(holder, key)
            if not is_number(old):
                raise PelEvaluationError(f"'{'++' if change > 0 else '--'}' needs a number, not {kind(old)}")
            new = add(old, change)
            reference.write(holder, key, new)
        except PelEvaluationError as error:
            place(error, reference.at)
            raise
        return new if prefix else old

    return run


_COMPILERS: dict[type, Callable[[Any], Run]] = {
    Arithmetic: _arithmetic,
    Assignment: _assignment,
    Elvis: _elvis,
    FunctionObject: _function_object,
    Increment: _increment,
    ListLiteral: _list,
    Literal: _literal,
    Logic: _logic,
    MapLiteral: _map,
    Path: _path,
    Relation: _relation,
    Sign: _sign,
    Ternary: _ternary,
    Variable: _variable,
}
