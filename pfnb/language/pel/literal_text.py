"""Function arguments that must be literals in the expression, since the function runs them.

A computed text may come from a stranger. A parameter annotated with LiteralText refuses it, and one with `str | LiteralText`
can distinguish the two. The parser decides which it is.
"""

from __future__ import annotations

from typing import Any, get_args

from pfnb.language.pel.nodes import Arithmetic, Elvis, ListLiteral, Literal, Node, Ternary


class LiteralText(str):
    """A text that is entirely literal in the expression."""

    __slots__ = ()


def is_literal(node: Node) -> bool:
    """Whether every text that the node may yield is literal in the expression: alone, as a choice, or concatenated."""
    match node:
        case Literal():
            return isinstance(node.value, str)
        case ListLiteral():
            return all(map(is_literal, node.items))
        case Elvis():
            return all(map(is_literal, node.options))
        case Ternary():
            return is_literal(node.yes) and is_literal(node.no)
        case Arithmetic():
            return is_literal(node.first) and all(sign == "+" and is_literal(each) for sign, each, _ in node.rest)
        case _:
            return False


def asks_for_literal(annotation: Any) -> bool:
    """Whether a parameter of this annotation takes LiteralText, alone or among others."""
    return annotation is LiteralText or LiteralText in get_args(annotation)


def as_literal(value: Any) -> Any:
    """The value of a literal argument: a text, or a list of texts."""
    if isinstance(value, str):
        return LiteralText(value)
    return [as_literal(each) for each in value] if isinstance(value, list) else value


def as_plain(value: Any) -> Any:
    """The same for any other parameter."""
    if isinstance(value, LiteralText):
        return str.__str__(value)
    return [as_plain(each) for each in value] if isinstance(value, list) else value
