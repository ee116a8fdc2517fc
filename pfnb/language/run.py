"""What a run leaves behind: its body, the answer it asked for, and the record of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.language.trace import StepRecord


@dataclass(frozen=True, slots=True)
class Response:
    """The HTTP answer that `http.response.set` asked for. `body` is None where the run's final body is meant."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    `skipped` is true if the filter of the pipeline's `event.listen` refused the event, or its header `runWhen` is false:
    no step ran, the delivery has succeeded, and this listener has no answer for a waiting caller. `steps` holds the first
    records of a long run only; `executed` counts all steps.
    """

    body: Any = None
    response: Response | None = None
    steps: tuple[StepRecord, ...] = field(default=(), repr=False)
    executed: int = 0
    skipped: bool = False


def attach_steps(error: PfnbError, steps: Iterable[StepRecord]) -> None:
    """Hang the steps of a failed run on its error; see `steps_of`."""
    vars(error)["steps"] = tuple(steps)


def steps_of(error: PfnbError) -> tuple[StepRecord, ...]:
    """The steps executed before `error` ended the run; empty for an error that belongs to no run."""
    steps: tuple[StepRecord, ...] = vars(error).get("steps", ())
    return steps
