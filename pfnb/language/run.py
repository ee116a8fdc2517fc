"""The result of a run: its body, its HTTP response, and the record of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.language.response import Response
from pfnb.language.trace import StepRecord, Trace


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    `skipped` is true if the filter of the pipeline's `event.listen` refused the event, or its header `runWhen` is false:
    no step ran, the delivery has succeeded, and this listener gives no answer to a waiting caller. `has_result` is false if
    `body` is still what the run began with.
    """

    body: Any = None
    response: Response | None = None
    trace: Trace | None = field(default=None, repr=False)
    skipped: bool = False
    has_result: bool = True

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        """The records of its steps; of a long run, the first ones only."""
        return () if self.trace is None else self.trace.steps

    @property
    def executed(self) -> int:
        """How many steps it executed, including those not recorded."""
        return 0 if self.trace is None else self.trace.executed


def steps_of(error: PfnbError) -> tuple[StepRecord, ...]:
    """The steps executed before `error` ended the run; empty for an error outside of a run."""
    return () if error.trace is None else error.trace.steps
