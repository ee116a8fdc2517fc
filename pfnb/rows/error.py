"""An error as answers, deliveries and runs carry it."""

from typing import NotRequired, TypedDict


class ErrorRow(TypedDict):
    """A delivery that was given up or discarded has only a message. `line` and `column` count in the text that the caller wrote,
    `step` in its pipeline. `limit` is the size in bytes that was exceeded, `retryAfter` is in seconds."""

    statusMessage: str
    status: NotRequired[str]
    statusCode: NotRequired[int]
    errorType: NotRequired[str]
    line: NotRequired[int]
    column: NotRequired[int]
    step: NotRequired[int]
    limit: NotRequired[int]
    retryAfter: NotRequired[int]
    traceId: NotRequired[str]
