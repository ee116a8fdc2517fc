"""Macros: expressions with arguments, declared and run within one pipeline."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import NameTakenError, NotFoundError, ParameterError
from pfnb.language.command import as_result
from pfnb.language.context import Context, Macro
from pfnb.language.deferred import Lazy
from pfnb.language.extent import shown

_ARGUMENT = re.compile(r"[A-Za-z_]\w*")
_TAKEN = frozenset({"body", "exception", "headers", "result", "var", "vars", "true", "false", "null"})

Args = Annotated[dict[str, Any] | None, Field(description="Arguments, which the expression reads by their names.")]


@command("macro", aliases=("function",), anonymous=True)
def macro(
    context: Context,
    do: Annotated[Lazy, Field(description="The expression, over the arguments, `vars`, `body` and `headers`.")],
    name: Annotated[str | None, Field(description="Its name for `macro.run`.", min_length=1)] = None,
    args: Args = None,
    flow: Annotated[bool, Field(description="Whether one with a name is also run here.")] = False,
) -> Any:
    """Declare an expression with arguments. With a name, it is run by `macro.run` only; without one, at once.

    Example:
        vars: {greeting: Hello}
        pipeline:
          - macro: {name: greet, args: {who: World}, do: "vars.greeting + ' ' + who"}
          - macro.run: {name: greet, args: {who: Ada}}
        # => "Hello Ada"
    """
    declared = Macro(do, _checked(args))
    if name is not None:
        present = context.macros.get(name)
        if present is not None and present.do.formulas is not do.formulas:
            raise NameTakenError(f"this pipeline has declared a macro {shown(name)} before: choose another name")
        context.macros[name] = declared
    return as_result(declared()) if name is None or flow else None


@command("macro.run", aliases=("function.call",), anonymous=True)
def run(
    context: Context,
    name: Annotated[str, Field(description="The name of a macro that was declared before.", min_length=1)],
    args: Args = None,
) -> Any:
    """Run a macro of this pipeline, with its own arguments unless others are given.

    Example:
        pipeline:
          - macro: {name: double, args: {n: 2}, do: "n * 2"}
          - macro.run: {name: double, args: {n: 21}}
        # => 42
    """
    declared = context.macros.get(name)
    if declared is None:
        raise NotFoundError(f"this pipeline has declared no macro {shown(name)} before this step")
    return as_result(declared(_checked(args)))


def _checked(args: dict[str, Any] | None) -> dict[str, Any]:
    for name in args or {}:
        if not _ARGUMENT.fullmatch(name) or name in _TAKEN:
            raise ParameterError(
                f"{shown(name)} cannot name an argument of a macro: use letters, and none of a run's names"
            )
    return args or {}
