"""The parameters that every command has: `id`, `if`, `onError`, `eval`, `input`, `output`, `main`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.command import Command
from pfnb.language.condition import is_true
from pfnb.language.declaration import Setting
from pfnb.language.formula import Formula
from pfnb.language.on_error import ON_ERROR, OnError
from pfnb.language.pipeline import Options
from pfnb.language.reading.headers import on_error_at
from pfnb.language.reading.values import formula_of, input_of, is_null, json_value, target_of, value_of
from pfnb.language.yaml.nodes import Node

COMMON = {
    "id": Setting("A name for the step.", {"type": ["string", "number", "boolean"]}),
    "if": Setting("The step runs only if this is true."),
    "onError": Setting(
        "What to do if the step fails: end the run, log it and continue, try again, or run a pipeline that cleans up.",
        ON_ERROR,
    ),
    "eval": Setting(
        "An expression that is evaluated after the step.", {"type": "string", "minLength": 1, "format": "expression"}
    ),
    "input": Setting(
        "What the command reads instead of the body: an expression such as `vars.order`, or any value.",
        {"format": "expression"},
    ),
    "output": Setting(
        "Where the result goes instead of the body: a path such as `vars.total`.",
        {"type": "string", "minLength": 1, "format": "expression"},
    ),
    "main": Setting("Whether a plain Python function runs on the kernel's main thread.", {"type": "boolean"}),
}
OF_A_PART = ("id", "eval")
"""Those that the parts and ends of a block, such as `if.else` and `if.end`, may have."""

SPELLINGS = {**{name: name for name in COMMON}, "on_error": "onError"}


def common_name(spelling: str) -> str | None:
    """The common parameter that this spelling means; None if it means none."""
    return SPELLINGS.get(spelling)


def options_of(nodes: Mapping[str, Node], command: Command, source: str, default: OnError) -> Options:
    """The common parameters of a step; `default` is the `onError` of the pipeline's headers.

    Raises ParameterError and PelSyntaxError, with line and column.
    """
    return Options(
        id=_id(nodes.get("id")),
        condition=_condition(nodes.get("if"), source),
        on_error=default if _absent(nodes.get("onError")) else on_error_at(nodes["onError"]),
        eval=_optional("eval", nodes, source),
        input=None if _absent(nodes.get("input")) else input_of(nodes["input"], source),
        output=None if _absent(nodes.get("output")) else target_of(nodes["output"], source),
        main=_main(nodes.get("main"), command),
    )


def _absent(node: Node | None) -> bool:
    return node is None or is_null(node)


def _optional(name: str, nodes: Mapping[str, Node], source: str) -> Formula | None:
    node = nodes.get(name)
    return None if node is None or is_null(node) else formula_of(node, source, name)


def _id(node: Node | None) -> str | None:
    if node is None or is_null(node):
        return None
    value = json_value(node)
    if isinstance(value, (dict, list)):
        raise ParameterError("id must be a text", line=node.line, column=node.column)
    return str(value)


def _condition(node: Node | None, source: str) -> Any:
    if node is None:
        return True
    value = value_of(node, source)
    if isinstance(value, Formula):
        return value
    try:
        return is_true(value, "if")
    except ParameterError as error:
        error.line, error.column = node.line, node.column
        raise


def _main(node: Node | None, command: Command) -> bool | None:
    if node is None or is_null(node):
        return None
    value = json_value(node)
    where = {"line": node.line, "column": node.column}
    if not isinstance(value, bool):
        raise ParameterError(f"main must be true or false, not {value!r}", **where)
    if value and command.is_async:
        raise ParameterError(
            f'main: true is only for commands made of a plain "def", and {command.name} is an "async def"', **where
        )
    return value
