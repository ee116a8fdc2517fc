"""Commands for tests: assertions, and mocks of commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.inputs import chosen
from pfnb.exceptions import AssertionFailedError, ParameterError
from pfnb.language.condition import is_true
from pfnb.language.context import Context
from pfnb.language.deferred import Lazy
from pfnb.language.extent import check_written, shown
from pfnb.language.parameters import UNSET
from pfnb.language.written import Written


@command("assert", anonymous=True, shorthand="true")
async def assert_(
    body: Any,
    true: Annotated[Any, Field(description="Must be true.")] = UNSET,
    false: Annotated[Any, Field(description="Must be false.")] = UNSET,
    value: Annotated[Any, Field(description="The value to compare with `equals`. Default: the body.")] = UNSET,
    equals: Annotated[Any, Field(description="What `value` must be equal to.")] = UNSET,
    body_equals: Annotated[
        Any, Field(description="What the body must be equal to.", validation_alias="body.equals")
    ] = UNSET,
    expect: Annotated[Any, Field(description="What `actual` must be equal to.")] = UNSET,
    actual: Annotated[Any, Field(description="The value to compare with `expect`. Default: the body.")] = UNSET,
    message: Annotated[str | None, Field(description="What to say if it does not hold.")] = None,
) -> None:
    """End the run with an error unless all given conditions hold.

    Example:
        body: {total: 3}
        pipeline:
          - assert: {true: "#{body.total > 0}", message: nothing was ordered}
          - assert: {value: "#{body.total}", equals: 3}
        # => {"total": 3}
    """
    problem = _problem(body, true, false, value, equals, body_equals, expect, actual)
    if problem is not None:
        raise AssertionFailedError(message or problem)


def _problem(
    body: Any, true: Any, false: Any, value: Any, equals: Any, body_equals: Any, expect: Any, actual: Any
) -> str | None:
    if all(given is UNSET for given in (true, false, equals, body_equals, expect)):
        raise ParameterError('assert needs at least one of "true", "false", "equals", "expect" and "body.equals"')
    if true is not UNSET and not is_true(true, "true"):
        return f"assert: what should be true is {_short(true)}"
    if false is not UNSET and is_true(false, "false"):
        return f"assert: what should be false is {_short(false)}"
    compared = chosen(value, body)
    if equals is not UNSET and not _equal(compared, equals):
        return f"assert: {_short(compared)} is not equal to {_short(equals)}"
    measured = chosen(actual, body)
    if expect is not UNSET and not _equal(measured, expect):
        return f"assert: {_short(measured)} is not equal to {_short(expect)}"
    if body_equals is not UNSET and not _equal(body, body_equals):
        return f"assert: the body, {_short(body)}, is not equal to {_short(body_equals)}"
    return None


def _equal(one: Any, other: Any) -> bool:
    check_written([one, other])
    return _same(one, other)


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON, where true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _short(value: Any) -> str:
    return shown(value, 200)


@dataclass(frozen=True, slots=True)
class Mock:
    """The replacement for a command: a value for the body, or UNSET, and variables."""

    when: Lazy | None
    body: Any
    variables: dict[str, Any]

    def apply(self, context: Context) -> None:
        if self.body is not UNSET:
            context.scope.body = self.body
        context.scope.vars.update(self.variables)


@command("mock.command", anonymous=True)
async def mock_command(
    context: Context,
    command_: Annotated[Written, Field(description="The command to replace.")],
    when: Annotated[Lazy | None, Field(description="An expression: the mock applies only if it is true.")] = None,
    then_set_body: Annotated[Any, Field(description="The body, instead of the command's result.")] = UNSET,
    then_set_var: Annotated[dict[str, Any] | None, Field(description="Variables to set, as a map.")] = None,
    enabled: Annotated[Any, Field(description="Whether the mock is active.")] = True,
) -> None:
    """Mock a command in the following steps, such as one that sends mails.

    The header `mocksEnabled: false` switches all mocks of a pipeline off.

    Example:
        pipeline:
          - mock.command: {command: webhook.get, thenSetBody: [{eventKey: lead.created}]}
          - webhook.get:
          - body.set: "#{body[0].eventKey}"
        # => "lead.created"
    """
    if not command_.is_literal:
        raise ParameterError("mock.command: the command's name cannot come from an expression: write it literally")
    if is_true(enabled, "enabled"):
        context.mock(command_.text, Mock(when, then_set_body, then_set_var or {}))
