"""What becomes of an event whose sender asks later."""

from typing import Any, Literal, NotRequired, TypedDict

ResultStatus = Literal["running", "finished", "error", "cancelled", "gone"]


class ResultRow(TypedDict):
    """The state of an event, by the correlation id that its sender got. `value` is what its pipeline, or `async.complete`,
    made of it; `statusMessage` the error. `gone`: the hub does not know this id, or no longer."""

    correlationId: str
    status: ResultStatus
    statusCode: int
    statusMessage: NotRequired[str]
    created: NotRequired[int]
    value: NotRequired[Any]
