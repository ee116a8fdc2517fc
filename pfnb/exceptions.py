"""Every error that pfnb raises, its HTTP status, and where in the caller's words it happened.

PfnbError
├── PipelineError                400  a pipeline or one of its steps is wrong
│   ├── PipelineSyntaxError      400  not YAML, or YAML that is not a pipeline
│   ├── UnknownCommandError      400  no command of that name; names the nearest
│   ├── ParameterError           400  a parameter is unknown, missing or of the wrong type
│   ├── AssertionFailedError     400  an `assert` step did not hold
│   ├── RunLimitError            400  a run did too much: steps, or pipelines that call each other
│   ├── RunTimeoutError          504  a run took longer than its header `timeout` allows
│   ├── RaisedError              500  an `error` step ended the run
│   └── StepError                500  a command's own code raised; carries the cause's type and text
├── PelError                     400  an expression is wrong
│   ├── PelSyntaxError           400  it cannot be parsed
│   └── PelEvaluationError       400  it cannot be evaluated over this data
├── RequestError                 400  a request to the hub cannot be accepted as it is
│   ├── RequestTimeoutError      408  the body came too slowly
│   ├── PayloadTooLargeError     413  the body is over a limit
│   └── BusyError                503  too much is under way; carries `retry_after` seconds
├── NotAuthenticatedError        401  nobody is known to be asking
├── AccessDeniedError            403  this user may not do that
├── NotFoundError                404  no such webhook, event, listener or content
├── NameTakenError               409  another notebook holds this pipeline name
├── WaitTimeoutError             408  what was waited for did not happen in time
├── OutboundError                502  what a pipeline called did not answer, or not as it should
├── NotebookError                500  a notebook that should serve cannot: a cell failed, or there is no kernel
├── MissingPackageError          500  an optional package is not installed; says which
├── PreviewError                 422  a file cannot be shown
└── HubUnreachableError          503  the hub does not answer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PfnbError(Exception):
    """Base of all pfnb errors.

    `message` says what was wrong and what would be right. `line` and `column` count from 1 in the text the caller wrote;
    `step` counts a pipeline's steps from 1. All three are None where they are not known.
    """

    status = 500

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, step: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.step = step

    def __str__(self) -> str:
        where = [
            f"{name} {value}"
            for name, value in (("line", self.line), ("column", self.column), ("step", self.step))
            if value is not None
        ]
        return f"{self.message} ({', '.join(where)})" if where else self.message

    def to_json(self) -> dict[str, Any]:
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
        return {name: value for name, value in fields.items() if value is not None}


class PipelineError(PfnbError):
    status = 400


class PipelineSyntaxError(PipelineError):
    pass


class UnknownCommandError(PipelineError):
    pass


class ParameterError(PipelineError):
    parameter: str | None = None
    """The function's parameter that a command's caller has given, if one is meant."""


class AssertionFailedError(PipelineError):
    pass


class RunLimitError(PipelineError):
    pass


class RunTimeoutError(PipelineError):
    status = 504


class RaisedError(PipelineError):
    status = 500


class StepError(PipelineError):
    status = 500


class PelError(PfnbError):
    status = 400


class PelSyntaxError(PelError):
    pass


class PelEvaluationError(PelError):
    pass


class RequestError(PfnbError):
    status = 400


class RequestTimeoutError(RequestError):
    status = 408


class PayloadTooLargeError(RequestError):
    status = 413


class BusyError(RequestError):
    status = 503

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotAuthenticatedError(PfnbError):
    status = 401


class AccessDeniedError(PfnbError):
    status = 403


class NotFoundError(PfnbError):
    status = 404


class NameTakenError(PfnbError):
    status = 409


class WaitTimeoutError(PfnbError):
    status = 408


class OutboundError(PfnbError):
    status = 502


class NotebookError(PfnbError):
    pass


class MissingPackageError(PfnbError):
    pass


class PreviewError(PfnbError):
    status = 422


class HubUnreachableError(PfnbError):
    status = 503


def error_from_json(fields: Mapping[str, Any]) -> PfnbError:
    """The error that an error answer stands for, of its own class where that is one of ours."""
    kind = globals().get(str(fields.get("errorType")), PfnbError)
    if not (isinstance(kind, type) and issubclass(kind, PfnbError)):
        kind = PfnbError
    error = kind(str(fields.get("statusMessage") or "the hub reported an error without a message"))
    error.line, error.column, error.step = (fields.get(name) for name in ("line", "column", "step"))
    return error
