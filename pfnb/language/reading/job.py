"""The leading `job`: when a stored pipeline runs by itself."""

from __future__ import annotations

from pfnb.exceptions import ParameterError, PipelineSyntaxError
from pfnb.language.pipeline import Rules
from pfnb.language.reading.steps import Call
from pfnb.language.schedule import Schedule, schedule_of

COMMAND = "job"
UTC = "UTC"


def job_of(calls: list[Call], rules: Rules) -> Schedule | None:
    """The schedule in the first step. Raises PipelineSyntaxError for a `job` in a later step, and ParameterError."""
    for call in calls[1:]:
        if call.step.command.name == COMMAND and call.frame is None:
            step = call.step
            raise PipelineSyntaxError(
                f"{COMMAND} must be the first step", line=step.line, column=step.column, step=step.number
            )
    step = calls[0].step
    if calls[0].frame is not None or step.command.name != COMMAND:
        return None
    if rules.gathering is not None:
        message = "a job has no events to gather: leave out the headers debounce and batch"
        raise ParameterError(message, line=step.line, column=step.column, step=1)
    if step.computed:
        line, column = step.places[min(step.computed)]
        message = "the schedule must be known before the run: it cannot have an expression"
        raise ParameterError(message, line=line, column=column, step=1)
    try:
        return schedule_of(str(step.arguments["schedule"]), str(step.arguments.get("timezone") or UTC))
    except ParameterError as error:
        error.line, error.column = step.places["schedule"]
        error.step = 1
        raise
