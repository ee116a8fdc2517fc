"""The result of a run: its body, its HTTP response, and the record of its steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.language.trace import StepRecord, Trace

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


_OF_THE_MESSAGE = {
    "connection", "content-length", "date", "keep-alive", "server", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
_OF_THE_ORIGIN = {
    "accept-ch", "alt-svc", "clear-site-data", "content-security-policy", "cross-origin-embedder-policy",
    "cross-origin-opener-policy", "nel", "permissions-policy", "refresh", "report-to", "reporting-endpoints",
    "service-worker-allowed", "set-cookie", "strict-transport-security", "x-content-type-options",
}  # fmt: skip
SERVER_HEADERS = frozenset(_OF_THE_MESSAGE | _OF_THE_ORIGIN)
"""Response headers, in lower case, that only the hub's server sets: a response may carry a stranger's bytes, which no browser
may run with the rights of the hub's pages or let affect these."""


def can_be_header(name: str, value: str) -> bool:
    """Whether it is a valid HTTP header."""
    return _HEADER_NAME.fullmatch(name) is not None and value.isascii() and value.isprintable()


@dataclass(frozen=True, slots=True)
class Response:
    """The HTTP response set by `http.response.set`. If `body` is None, the run's final body is sent."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


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
