"""The leading `event.listen`: what makes a pipeline a listener, and whether it accepts an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pfnb.exceptions import ParameterError, PipelineSyntaxError
from pfnb.language.condition import is_true
from pfnb.language.formula import Formula
from pfnb.language.pipeline import Listen, Pipeline
from pfnb.language.reading.steps import Call
from pfnb.language.scope import Scope, complete, reads_variables, starting_scope

COMMAND = "event.listen"


def listen_of(calls: list[Call]) -> Listen | None:
    """The declaration in the first step. Raises PipelineSyntaxError for one in a later step, where it has no effect."""
    for call in calls[1:]:
        if call.step.command.name == COMMAND and call.frame is None:
            message = f"{COMMAND} must be the first step"
            raise PipelineSyntaxError(message, line=call.step.line, column=call.step.column, step=call.step.number)
    first = calls[0]
    if first.frame is not None or first.step.command.name != COMMAND:
        return None
    key = first.step.arguments["key"]
    if isinstance(key, Formula):
        line, column = first.step.places["key"]
        message = "the event key must be known before the run: it cannot have an expression"
        raise ParameterError(message, line=line, column=column, step=1)
    accepts = first.step.arguments.get("filter")
    return Listen(key, None if accepts is None else accepts.formulas[-1], first.step.line)


def listen_accepts(pipeline: Pipeline, event: Mapping[str, Any], functions: Mapping[str, Any] | None = None) -> bool:
    """Whether the filter accepts this event (the body of a listening pipeline); true without a filter.

    Raises PelEvaluationError, at the filter's line, if the filter cannot be evaluated over the event. May take long if
    `pipeline.listen.filter.code.may_block`.
    """
    if pipeline.listen is None or pipeline.listen.filter is None:
        return True
    scope = starting_scope(pipeline, event, {}, {})
    if reads_variables(pipeline.listen.filter):
        complete(scope, pipeline, event, {}, functions)
    return filter_accepts(pipeline, scope, functions)


def filter_accepts(pipeline: Pipeline, scope: Scope, functions: Mapping[str, Any] | None) -> bool:
    """The same, over a scope whose body is the event."""
    condition = None if pipeline.listen is None else pipeline.listen.filter
    if condition is None:
        return True
    try:
        return is_true(condition.evaluate(scope, functions), "filter")
    except ParameterError as error:
        error.line, error.column = condition.place.line, condition.place.column
        raise
