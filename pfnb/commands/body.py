"""Commands that save, restore, filter or drop the body."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.inputs import chosen, from_json
from pfnb.exceptions import PipelineError
from pfnb.language.command import NULL, as_result
from pfnb.language.extent import check_written, shown
from pfnb.language.parameters import UNSET

MAX_PUSHED = 1_000
Stack = Annotated[str, Field(description="The variable that holds the stack, a list.", min_length=1)]


@command("body.push", anonymous=True, shorthand="var")
def push(
    body: Any,
    vars: dict[str, Any],  # noqa: A002 - the word of the language
    var: Stack = "bodyStack",
    value: Annotated[Any, Field(description="The value to put on the stack. Default: the body.")] = UNSET,
) -> None:
    """Put a copy of the body on a stack, the list `vars.bodyStack`. The body stays as it is; `body.pop` brings the copy back.

    Example:
        body: {order: 17}
        pipeline:
          - body.push
          - body.set: something else
          - body.pop
        # => {"order": 17}
    """
    stack = _stack(vars, var, "body.push")
    if len(stack) >= MAX_PUSHED:
        raise PipelineError(f"body.push: the stack may have at most {MAX_PUSHED:,} values")
    vars[var] = [*stack, _copied(chosen(value, body))]


@command("body.pop", anonymous=True, shorthand="var")
async def pop(vars: dict[str, Any], var: Stack = "bodyStack") -> Any:  # noqa: A002
    """Take the last value of `body.push` off the stack, as the body.

    Example:
        pipeline:
          - body.push: {value: 1}
          - body.push: {value: 2}
          - body.pop
          - body.pop
        # => 1
    """
    *rest, last = _filled(vars, var, "body.pop")
    vars[var] = rest
    return as_result(last)


@command("body.peek", anonymous=True, shorthand="var")
def peek(vars: dict[str, Any], var: Stack = "bodyStack") -> Any:  # noqa: A002
    """Copy the last value of `body.push` into the body. It stays on the stack.

    Example:
        pipeline:
          - body.push: {value: 1}
          - body.peek
          - body.set: "#{body + 1}"
          - body.pop
        # => 1
    """
    return as_result(_copied(_filled(vars, var, "body.peek")[-1]))


@command("body.delete", anonymous=True)
async def delete() -> Any:
    """Make the body null.

    Example:
        body: {token: abc}
        pipeline:
          - body.delete
        # => null
    """
    return NULL


@command("body.filter", anonymous=True)
def filter_body(
    body: Any,
    properties: Annotated[
        str | None, Field(description="Names of the properties to keep, separated by commas.")
    ] = None,
    remove_key: Annotated[
        bool, Field(description="Whether a list of maps that have one property each becomes the list of its values.")
    ] = False,
) -> Any:
    """Keep only some properties of the body, or of each map in it if it is a list.

    Example:
        body: [{id: 1, name: Ada, password: x}, {id: 2, name: Bob, password: y}]
        pipeline:
          - body.filter: {properties: "id, name"}
        # => [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}]

    Example:
        body: [{id: 1, name: Ada}, {id: 2, name: Bob}]
        pipeline:
          - body.filter: {properties: name, removeKey: true}
        # => ["Ada", "Bob"]
    """
    if properties is None or body is None or body == "":
        return None
    names = [name.strip() for name in properties.split(",")]
    data = from_json(body)
    if not isinstance(data, list):
        return _kept(data, names)
    items = [_kept(item, names) for item in data]
    if remove_key and all(isinstance(item, dict) and len(item) == 1 for item in items):
        return [next(iter(item.values())) for item in items]
    return items


def _kept(value: Any, names: list[str]) -> Any:
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else value


def _stack(variables: dict[str, Any], name: str, command_name: str) -> list[Any]:
    stack = variables.get(name)
    if stack is None:
        return []
    if not isinstance(stack, list):
        raise PipelineError(f"{command_name}: vars.{name} must be a list to be used as a stack, not {shown(stack)}")
    return stack


def _filled(variables: dict[str, Any], name: str, command_name: str) -> list[Any]:
    stack = _stack(variables, name, command_name)
    if not stack:
        raise PipelineError(f"{command_name}: the stack vars.{name} is empty: put a body.push before it")
    return stack


def _copied(value: Any) -> Any:
    """Copy all containers, shared ones too, so that changes of the body do not affect the saved value."""
    check_written(value)
    return _anew(value)


def _anew(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _anew(item) for key, item in value.items()}
    return [_anew(item) for item in value] if isinstance(value, list) else value
