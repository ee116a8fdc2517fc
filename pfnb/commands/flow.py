"""Commands that decide which steps run, how often, and whether to go on at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from pfnb.exceptions import AssertionFailedError, ParameterError
from pfnb.language.command import BlockDeclaration, command
from pfnb.language.condition import is_true
from pfnb.language.parameters import UNSET
from pfnb.language.runner import BlockHandle


@command("if", anonymous=True, block=BlockDeclaration("if.end", parts=("if.else",)), shorthand="true")
async def if_(
    block: BlockHandle,
    true: Annotated[Any, Field(description="The steps run if this is true.")] = UNSET,
    false: Annotated[Any, Field(description="The steps run if this is false.")] = UNSET,
) -> None:
    """Run the steps up to `if.else` or `if.end` if a condition holds, else those behind `if.else`.

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
        raise ParameterError('if wants exactly one of "true" and "false"')
    holds = is_true(true, "true") if false is UNSET else not is_true(false, "false")
    await block.run("if" if holds else "if.else")


@command("foreach", anonymous=True, block=BlockDeclaration("foreach.end", repeats=True), shorthand="in_")
async def foreach(
    block: BlockHandle,
    vars: dict[str, Any],  # noqa: A002 - the word of the language
    in_: Annotated[Any, Field(description="A list, a map (its entries), or a text with commas in it.")],
    as_: Annotated[str | None, Field(description="Name of the variable that holds the item.", min_length=1)] = None,
    loop_name: Annotated[str, Field(description="Name of the variable that holds the loop.", min_length=1)] = "loop",
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
    for index, item in enumerate(_items(in_)):
        loop = {"item": item, "index": index, "even": index % 2 == 0}
        if as_ is None:
            vars[loop_name] = {**outer, **loop}
        else:
            vars[loop_name] = {**outer, as_: loop}
            vars[as_] = item
        await block.run("foreach")
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
    raise ParameterError(f'foreach: "in" wants a list, a map or a text with commas, not {value!r}')


@command("assert", anonymous=True)
async def assert_(
    body: Any,
    true: Annotated[Any, Field(description="Must be true.")] = UNSET,
    false: Annotated[Any, Field(description="Must be false.")] = UNSET,
    value: Annotated[Any, Field(description="The value to compare with `equals`; without it, the body.")] = UNSET,
    equals: Annotated[Any, Field(description="What `value` must be equal to.")] = UNSET,
    body_equals: Annotated[
        Any, Field(description="What the body must be equal to.", validation_alias="body.equals")
    ] = UNSET,
    message: Annotated[str | None, Field(description="What to say if it does not hold.")] = None,
) -> None:
    """End the run with an error unless everything that is given holds.

    Example:
        body: {total: 3}
        pipeline:
          - assert: {true: "#{body.total > 0}", message: nothing was ordered}
          - assert: {value: "#{body.total}", equals: 3}
        # => {"total": 3}
    """
    problem = _problem(body, true, false, value, equals, body_equals)
    if problem is not None:
        raise AssertionFailedError(message or problem)


def _problem(body: Any, true: Any, false: Any, value: Any, equals: Any, body_equals: Any) -> str | None:
    if all(given is UNSET for given in (true, false, equals, body_equals)):
        raise ParameterError('assert wants at least one of "true", "false", "equals" and "body.equals"')
    if true is not UNSET and not is_true(true, "true"):
        return f"assert: what should be true is {_short(true)}"
    if false is not UNSET and is_true(false, "false"):
        return f"assert: what should be false is {_short(false)}"
    compared = body if value is UNSET else value
    if equals is not UNSET and not _equal(compared, equals):
        return f"assert: {_short(compared)} is not equal to {_short(equals)}"
    if body_equals is not UNSET and not _equal(body, body_equals):
        return f"assert: the body, {_short(body)}, is not equal to {_short(body_equals)}"
    return None


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON, where true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
