"""The leading `event.listen`: what makes a pipeline a listener, and whether it accepts an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pfnb.exceptions import ParameterError, PipelineSyntaxError
from pfnb.language.condition import is_true
from pfnb.language.formula import Formula
from pfnb.language.pipeline import Listen, Pipeline, Rules
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
    accepts = first.step.arguments.get("selector") or first.step.arguments.get("filter")
    return Listen(key, None if accepts is None else accepts.formulas[-1], first.step.line)


def check_filter(listen: Listen | None, rules: Rules) -> None:
    """ParameterError for a filter together with `debounce`: the newest event might be one that the filter refuses, and those
    before it would be lost."""
    if listen is not None and listen.filter is not None and rules.debounce is not None:
        message = (
            "a pipeline with debounce cannot have a filter here: put it on the webhook (filter), or use debounce.by"
        )
        raise ParameterError(message, line=listen.filter.place.line, column=listen.filter.place.column, step=1)


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


def accepted(pipeline: Pipeline, scope: Scope, functions: Mapping[str, Any] | None) -> list[bool]:
    """The same for each event of a batch, which is the scope's body; else for the one event that is."""
    body = scope.body
    if pipeline.rules.batch is None:
        return [filter_accepts(pipeline, scope, functions)]
    accepts = []
    try:
        for event in body["events"]:
            scope.begin_with(event)
            accepts.append(filter_accepts(pipeline, scope, functions))
    finally:
        scope.begin_with(body)
    return accepts


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
