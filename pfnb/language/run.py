"""What a run leaves behind: its body, the answer it asked for, and the record of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.language.trace import StepRecord, Trace


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
    no step ran, the delivery has succeeded, and this listener has no answer for a waiting caller.
    """

    body: Any = None
    response: Response | None = None
    trace: Trace | None = field(default=None, repr=False)
    skipped: bool = False

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        """The records of its steps; of a long run, the first ones only."""
        return () if self.trace is None else self.trace.steps

    @property
    def executed(self) -> int:
        """How many steps it had, all of them counted."""
        return 0 if self.trace is None else self.trace.executed


def attach_trace(error: PfnbError, trace: Trace) -> None:
    """Hang the trace of a failed run on its error; see `steps_of`."""
    vars(error)["trace"] = trace


def steps_of(error: PfnbError) -> tuple[StepRecord, ...]:
    """The steps executed before `error` ended the run; empty for an error that belongs to no run."""
    trace: Trace | None = vars(error).get("trace")
    return () if trace is None else trace.steps
