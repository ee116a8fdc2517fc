"""What an expression consists of once it is parsed. Offsets (`at`) count from 0 in the text that was parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapLiteral:
    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`#name`."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class FunctionObject:
    """`@name`."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    safe: bool
    at: int


@dataclass(frozen=True, slots=True)
class Index:
    key: Node
    safe: bool
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Node, ...]
    safe: bool
    at: int


@dataclass(frozen=True, slots=True)
class Selection:
    """`?[…]` all, `^[…]` the first, `$[…]` the last element for which the condition holds; `weight` is what looking at one
    element counts."""

    which: str
    condition: Node
    safe: bool
    at: int
    weight: int


@dataclass(frozen=True, slots=True)
class Projection:
    """`![…]`; `weight` is what looking at one element counts."""

    value: Node
    safe: bool
    at: int
    weight: int


Step: TypeAlias = Property | Index | Call | Selection | Projection


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from a value; without a start, from `#this` (outside of `?[…]` and `![…]` the root)."""

    start: Node | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """`+a`, `-a`, `!a`."""

    operator: str
    operand: Node
    at: int


@dataclass(frozen=True, slots=True)
class Increment:
    """`++a`, `a++`, `--a`, `a--`; `change` is 1 or -1."""

    target: Node
    change: int
    prefix: bool
    at: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Operators of one level, from left to right: kept flat, so that a sum of ten thousand terms is not nested."""

    first: Node
    rest: tuple[tuple[str, Node, int], ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`s or `or`s; each operand with the offset of the operator next to it."""

    stops_at: bool
    operands: tuple[tuple[Node, int], ...]


@dataclass(frozen=True, slots=True)
class Relation:
    operator: str
    left: Node
    right: Node
    at: int


@dataclass(frozen=True, slots=True)
class Elvis:
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Ternary:
    condition: Node
    yes: Node
    no: Node
    at: int


@dataclass(frozen=True, slots=True)
class Assignment:
    target: Node
    value: Node
    at: int


Node: TypeAlias = (
    Literal
    | ListLiteral
    | MapLiteral
    | Variable
    | FunctionObject
    | Path
    | Sign
    | Increment
    | Arithmetic
    | Logic
    | Relation
    | Elvis
    | Ternary
    | Assignment
)
