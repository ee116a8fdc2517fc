"""What happens when a step fails: `onError`, as a header and as a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pfnb.exceptions import ParameterError
from pfnb.language.retry import RETRY_PROPERTIES, Retry, retry_of


class Action(Enum):
    """THROW ends the run, LOG and IGNORE continue (logging the whole error, or one line), RETRY tries the step again,
    ROLLBACK runs another pipeline and then ends the run."""

    THROW = "THROW"
    LOG = "LOG"
    IGNORE = "IGNORE"
    RETRY = "RETRY"
    ROLLBACK = "ROLLBACK"


@dataclass(frozen=True, slots=True)
class OnError:
    """RETRY has `retry` and `then`, the action once all retries have failed; ROLLBACK has `pipeline`, a reference."""

    action: Action = Action.THROW
    retry: Retry | None = None
    then: OnError | None = None
    pipeline: str | None = None


THROW: Final = OnError()

ON_ERROR: Final = {
    "anyOf": [
        {"enum": [action.value for action in Action if action is not Action.ROLLBACK]},
        {
            "type": "object",
            "properties": {
                "action": {"enum": list(Action.__members__)},
                **RETRY_PROPERTIES,
                "then": {"description": "What to do after the last retry: an action, short or long."},
                "pipeline": {"type": "string", "description": "The pipeline that a ROLLBACK runs."},
            },
            "required": ["action"],
            "additionalProperties": False,
        },
    ]
}
"""The JSON Schema of `onError`."""


def on_error_of(value: Any) -> OnError:
    """Read `onError`, short (`LOG`) or long (`{action: LOG}`). Raises ParameterError."""
    if value is None:
        return THROW
    given = dict(value) if isinstance(value, dict) else {"action": value}
    action = _action(given.pop("action", value))
    if action is Action.RETRY:
        then = on_error_of(given.pop("then", None))
        if then.action is Action.RETRY:
            raise ParameterError('onError: "then" is what to do after the last retry, and cannot be RETRY')
        return OnError(action, retry_of(given, "onError"), then)
    pipeline = given.pop("pipeline", None) if action is Action.ROLLBACK else None
    if action is Action.ROLLBACK and (not isinstance(pipeline, str) or not pipeline):
        raise ParameterError(
            'onError: ROLLBACK needs the "pipeline" to run, such as {action: ROLLBACK, pipeline: PATH}'
        )
    if given:
        raise ParameterError(f'onError: {action.value} has no parameter "{next(iter(given))}"')
    return OnError(action, pipeline=pipeline)


def _action(value: Any) -> Action:
    if isinstance(value, str) and value.upper() in Action.__members__:
        return Action[value.upper()]
    raise ParameterError(f"onError must be one of {', '.join(Action.__members__)}, not {value!r}")
