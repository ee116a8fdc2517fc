"""Every error that pfnb raises, its HTTP status, and its position in the caller's text.

PfnbError
├── PipelineError                400  a pipeline or one of its steps is wrong
│   ├── PipelineSyntaxError      400  not YAML, or YAML that is not a pipeline
│   ├── UnknownCommandError      400  no command of that name; names the nearest
│   ├── ParameterError           400  a parameter is unknown, missing or of the wrong type
│   ├── AssertionFailedError     400  an `assert` step did not hold
│   ├── RunLimitError            400  a run did too much: steps, or pipelines that call each other
│   ├── RunTimeoutError          504  a run took longer than its header `timeout` allows
│   ├── KernelEndedError         500  a run was active each time its kernel ended: it is set aside
│   ├── RaisedError              500  an `error` step ended the run
│   └── StepError                500  a command's own code raised; carries the cause's type and text
├── PelError                     400  an expression is wrong
│   ├── PelSyntaxError           400  it cannot be parsed
│   └── PelEvaluationError       400  it cannot be evaluated over this data
├── RequestError                 400  a request to the hub cannot be accepted as it is
│   ├── RequestTimeoutError      408  the body came too slowly
│   ├── PayloadTooLargeError     413  the body is over a limit
│   ├── NotAdmittedError         403  a webhook does not take this request; the sender is not told
│   └── BusyError                503  too much is in progress; carries `retry_after` seconds
│       ├── StoreBusyError       503  the disk or the database cannot be read or written now
│       └── TooManyAttemptsError 429  too many wrong passwords
├── NotAuthenticatedError        401  nobody is known to be asking
├── AccessDeniedError            403  this user may not do that
├── NotFoundError                404  no such webhook, event, listener or content
├── NameTakenError               409  another notebook holds this pipeline name
├── WaitTimeoutError             408  the awaited event did not happen in time
├── OutboundError                502  an outbound call was not answered, or not successfully
├── SecretsKeyError              500  the key of a hub's secrets is lost, or another one
├── StartError                   500  a hub cannot start: its port, its data directory or its database
├── NotebookError                500  a notebook that should serve cannot: a cell failed, or there is no kernel
├── MissingPackageError          500  an optional package is not installed; says which
├── PreviewError                 422  a file cannot be shown
└── HubUnreachableError          503  the hub does not answer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from pfnb.rows.error import ErrorRow

LONGEST_MESSAGE = 10_000
"""The most characters of an error's message: pipelines raise texts of any length, which are sent, stored and logged."""


class RunRecord(Protocol):
    """What an error knows of the run that it ended: the language's `Trace`."""

    @property
    def steps(self) -> tuple[Any, ...]: ...

    @property
    def is_large(self) -> bool: ...


class PfnbError(Exception):
    """Base of all pfnb errors.

    `message` says what was wrong and what would be right. `line` and `column` count from 1 in the text the caller wrote;
    `step` counts a pipeline's steps from 1. All three are None where they are not known.
    """

    status = 500
    trace: RunRecord | None = None
    """The record of the run that it ended."""
    called: str | None = None
    """The called pipeline in which it arose, the innermost one. The message names it."""
    is_final: bool = False
    """Whether the event of the run that it ended is not tried again."""
    connection_failed: bool = False
    """Whether it is a fault of the connection to the hub. A run that such a fault broke off begins again."""

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, step: int | None = None
    ) -> None:
        self.message = message
        super().__init__(self.message)
        self.line = line
        self.column = column
        self.step = step

    @property
    def message(self) -> str:
        return self._message

    @message.setter
    def message(self, message: str) -> None:
        self._message = _shortened(message)

    def __str__(self) -> str:
        where = [
            f"{name} {value}"
            for name, value in (("line", self.line), ("column", self.column), ("step", self.step))
            if value is not None
        ]
        return f"{self.message} ({', '.join(where)})" if where else self.message

    def to_json(self) -> ErrorRow:
        """The fields of an error answer (design: HTTP errors), without the traceId, which belongs to the request."""
        fields = {
            "status": "error",
            "statusCode": self.status,
            "statusMessage": self.message,
            "errorType": type(self).__name__,
            "line": self.line,
            "column": self.column,
            "step": self.step,
        }
        return cast(ErrorRow, {name: value for name, value in fields.items() if value is not None})


def _shortened(message: str) -> str:
    more = len(message) - LONGEST_MESSAGE
    return message if more <= 0 else f"{message[:LONGEST_MESSAGE]} … and {more:,} more characters"


class PipelineError(PfnbError):
    status = 400


class PipelineSyntaxError(PipelineError):
    pass


class UnknownCommandError(PipelineError):
    pass


class ParameterError(PipelineError):
    parameter: str | None = None
    """The function's parameter that the error is about, if any."""


class AssertionFailedError(PipelineError):
    pass


class RunLimitError(PipelineError):
    pass


class RunTimeoutError(PipelineError):
    status = 504


class KernelEndedError(PipelineError):
    status = 500


class WorkerEndedError(PipelineError):
    status = 500


class RaisedError(PipelineError):
    status = 500
    type: str = "RaisedError"
    """What the pipeline calls this kind of error."""


class FailedRunsError(PipelineError):
    status = 500


class StepError(PipelineError):
    status = 500


class PelError(PfnbError):
    status = 400
    has_place: bool = False
    """Whether line and column refer to the running pipeline, though a command's own code evaluated the expression."""


class PelSyntaxError(PelError):
    pass


class PelEvaluationError(PelError):
    pass


class RequestError(PfnbError):
    status = 400


class RequestTimeoutError(RequestError):
    status = 408


class PayloadTooLargeError(RequestError):
    """`limit` is the most bytes allowed, if known."""

    status = 413

    def __init__(self, message: str, *, limit: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit

    def to_json(self) -> ErrorRow:
        fields = super().to_json()
        return fields if self.limit is None else {**fields, "limit": self.limit}


class ContentEncodingError(RequestError):
    status = 422


class NotAdmittedError(RequestError):
    """A webhook does not take this request. The sender gets the answer of an unknown webhook; the webhook's owner sees the
    message and the status, which is 401 for a missing or wrong proof of the sender, 405 for a method, else 403."""

    status = 403

    def __init__(self, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.status = status


class BusyError(RequestError):
    status = 503

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    def to_json(self) -> ErrorRow:
        return {**super().to_json(), "retryAfter": self.retry_after}


class StoreBusyError(BusyError):
    pass


class TooManyAttemptsError(BusyError):
    status = 429


class RateLimitError(BusyError):
    status = 429


class NotAuthenticatedError(PfnbError):
    status = 401


class AccessDeniedError(PfnbError):
    status = 403


class NotFoundError(PfnbError):
    status = 404


class NameTakenError(PfnbError):
    status = 409


class LockedError(PfnbError):
    status = 423


class WaitTimeoutError(PfnbError):
    status = 408


class OutboundError(PfnbError):
    status = 502


class SecretsKeyError(PfnbError):
    pass


class StartError(PfnbError):
    pass


class NotebookError(PfnbError):
    pass


class MissingPackageError(PfnbError):
    pass


class PreviewError(PfnbError):
    status = 422


class HubUnreachableError(PfnbError):
    status = 503


def error_from_json(fields: Mapping[str, Any]) -> PfnbError:
    """The error in an error answer, of its own class if that is one of pfnb's."""
    kind = globals().get(str(fields.get("errorType")), PfnbError)
    if not (isinstance(kind, type) and issubclass(kind, PfnbError)):
        kind = PfnbError
    error = kind(str(fields.get("statusMessage") or "the hub reported an error without a message"))
    error.line, error.column, error.step = (fields.get(name) for name in ("line", "column", "step"))
    if isinstance(error, PayloadTooLargeError):
        error.limit = fields.get("limit")
    if isinstance(error, BusyError):
        error.retry_after = int(fields.get("retryAfter", error.retry_after))
    return error
