"""The leading `event.listen` or `message.receive`: what makes a pipeline a listener, and whether it accepts an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pfnb.exceptions import ParameterError, PipelineSyntaxError
from pfnb.language.condition import is_true
from pfnb.language.formula import Formula
from pfnb.language.gathering import Batch
from pfnb.language.pipeline import Listen, Pipeline, Rules
from pfnb.language.reading.steps import Call
from pfnb.language.retry import Retry
from pfnb.language.scope import Scope, complete, reads_variables, starting_scope

COMMAND: Final = "event.listen"
MESSAGES: Final = "message.receive"
LISTENING: Final = frozenset({COMMAND, MESSAGES})
"""The commands that make a pipeline a listener, as its first step."""
RETURNED: Final = Retry(times=10, wait=1, backoff=2, jitter=0.2)
"""How a message is delivered again that a pipeline has not acknowledged, unless the header `retry` says that."""
_WRITTEN = {"key": "the event key", "autoack": "autoack", "max_batch_items": "maxBatchItems"}


def listen_of(calls: list[Call]) -> Listen | None:
    """The declaration in the first step. Raises PipelineSyntaxError for one in a later step, where it has no effect."""
    for call in calls[1:]:
        if call.step.command.name in LISTENING and call.frame is None:
            message = f"{call.step.command.name} must be the first step"
            raise PipelineSyntaxError(message, line=call.step.line, column=call.step.column, step=call.step.number)
    first = calls[0]
    if first.frame is not None or first.step.command.name not in LISTENING:
        return None
    given = first.step.arguments
    for name, written in _WRITTEN.items():
        if isinstance(given.get(name), Formula):
            raise _at(first, name, f"{written} must be known before the run: it cannot have an expression")
    if first.step.command.name == MESSAGES:
        known = {name: value for name, value in given.items() if not isinstance(value, Formula)}
        return _messages(first, first.step.command.parameters.validate(known))
    accepts = given.get("selector") or given.get("filter")
    return Listen(given["key"], None if accepts is None else accepts.formulas[-1], first.step.line)


def _messages(first: Call, given: Mapping[str, Any]) -> Listen:
    size, acknowledges = given["max_batch_items"], not given["autoack"]
    batch = Batch(size) if size is not None and size > 0 else None
    if batch is not None and acknowledges:
        message = "with maxBatchItems a message cannot be acknowledged by itself: leave out autoack: false"
        raise _at(first, "autoack", message)
    return Listen(given["key"], None, first.step.line, messages=True, acknowledges=acknowledges, batch=batch)


def rules_of(listen: Listen | None, rules: Rules) -> Rules:
    """The rules of the headers, with what the first step adds to them. ParameterError for what both say, and for messages that
    are acknowledged one by one, but come in batches."""
    if listen is None or not (listen.batch or listen.acknowledges):
        return rules
    if rules.gathering is not None:
        what = "autoack: false" if listen.batch is None else "maxBatchItems"
        raise ParameterError(
            f"a pipeline with debounce or batch in its headers cannot have {what}", line=listen.line, step=1
        )
    if listen.batch is not None:
        return replace(rules, batch=listen.batch)
    return replace(rules, retry=RETURNED) if rules.retry is None else rules


def _at(call: Call, name: str, message: str) -> ParameterError:
    line, column = call.step.places[name]
    return ParameterError(message, line=line, column=column, step=1)


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
