"""Commands that decide which steps run, how often, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import ParameterError
from pfnb.language.case import Case
from pfnb.language.command import BlockDeclaration, as_result
from pfnb.language.condition import is_true
from pfnb.language.context import Context
from pfnb.language.deferred import Lazy
from pfnb.language.extent import shown
from pfnb.language.offload import threaded
from pfnb.language.parameters import UNSET
from pfnb.language.running.block_handle import BlockHandle

MAX_WAIT = 86_400_000


@command("if", anonymous=True, block=BlockDeclaration("if.end", parts=("if.else",)), shorthand="true")
async def if_(
    block: BlockHandle,
    true: Annotated[Any, Field(description="A condition: the steps run if it is true.")] = UNSET,
    false: Annotated[Any, Field(description="A condition: the steps run if it is false.")] = UNSET,
) -> None:
    """Run the steps up to `if.else` or `if.end` if a condition holds, else those after `if.else`.

    Example:
        body: {score: 7}
        pipeline:
          - if: "#{body.score > 5}"
          - body.set: high
          - if.else:
          - body.set: low
          - if.end:
        # => "high"
    """
    if (true is UNSET) == (false is UNSET):
        raise ParameterError('if needs exactly one of "true" and "false"')
    holds = is_true(true, "true") if false is UNSET else not is_true(false, "false")
    await block.run("if" if holds else "if.else")


@command(
    "foreach",
    aliases=("split",),
    anonymous=True,
    block=BlockDeclaration("foreach.end", aliases={"split.end": "foreach.end"}, repeats=True),
    shorthand="in_",
)
async def foreach(
    block: BlockHandle,
    vars: dict[str, Any],  # noqa: A002 - the word of the language
    in_: Annotated[Any, Field(description="A list, a map (its entries), or a text with commas between the items.")],
    as_: Annotated[str | None, Field(description="Name of the variable that holds the item.", min_length=1)] = None,
    loop_name: Annotated[str, Field(description="Name of the variable that holds the loop.", min_length=1)] = "loop",
    item: Annotated[
        Lazy | None, Field(description="An expression over `vars.loop.item` that returns the item.")
    ] = None,
) -> None:
    """Run the steps up to `foreach.end` for each item.

    Within them `vars.loop` holds `item`, `index` (from 0) and `even` (of the index); with `as: person`, the item is
    `vars.person` and the rest is in `vars.loop.person`.

    Example:
        vars: {names: ""}
        pipeline:
          - foreach: {in: "Ada, Bob", as: person}
          - set: {value: "#{vars.names + vars.loop.person.index + vars.person}", output: vars.names}
          - foreach.end:
          - body.set: "#{vars.names}"
        # => "0Ada1Bob"
    """
    names = (loop_name,) if as_ is None else (loop_name, as_)
    before = {name: vars[name] for name in names if name in vars}
    outer = before.get(loop_name)
    outer = outer if isinstance(outer, dict) else {}
    try:
        for index, element in enumerate(_items(in_)):
            loop = {"item": element, "index": index, "even": index % 2 == 0}
            vars[loop_name] = {**outer, **(loop if as_ is None else {as_: loop})}
            if item is not None:
                loop["item"] = await threaded(item)
                vars[loop_name] = {**outer, **(loop if as_ is None else {as_: loop})}
            if as_ is not None:
                vars[as_] = loop["item"]
            await block.run("foreach", index)
    finally:
        for name in names:
            vars.pop(name, None)
        vars.update(before)


def _items(value: Any) -> Iterable[Any]:
    if value is None:
        return []
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    if isinstance(value, dict):
        return [{"key": key, "value": item} for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return list(value)
    raise ParameterError(f'foreach: "in" must be a list, a map or a text with commas, not {shown(value)}')


@command("switch", anonymous=True)
def switch(**cases: Case) -> Any:
    """Take the value of the first condition that holds. The conditions are the parameters' names, checked from top to bottom.

    If none holds, the body stays as it is.

    Example:
        body: {age: 36}
        pipeline:
          - switch:
              body.age < 18: child
              body.age < 65: adult
              true: senior
        # => "adult"
    """
    for case in cases.values():
        if case.holds():
            return as_result(case.chosen())
    return None


@command("exit", anonymous=True)
async def exit_(context: Context) -> None:
    """End the run here, as a success: only the steps after `finally` still run.

    Example:
        body: 1
        pipeline:
          - exit: {if: "#{body < 5}"}
          - body.set: never
        # => 1
    """
    context.exit()


@command("wait", anonymous=True, shorthand="ms")
async def wait(ms: Annotated[float, Field(description="Milliseconds to wait.", ge=0, le=MAX_WAIT)]) -> None:
    """Wait before the next step.

    Example:
        pipeline:
          - wait: {ms: 5}
          - body.set: later
        # => "later"
    """
    await asyncio.sleep(ms / 1000)


@command("eval", anonymous=True, shorthand="expr")
def evaluate(context: Context, expr: Annotated[Lazy, Field(description="An expression, which may assign.")]) -> Any:
    """Evaluate an expression. The body stays as it is, unless the expression changes it; the value goes to `output`.

    Example:
        vars: {total: 1}
        pipeline:
          - eval: {expr: "vars.total = vars.total + 1"}
          - body.set: "#{vars.total}"
        # => 2
    """
    value = expr()
    return value if context.has_output else None
