"""A run of a listener's pipeline: how it is handed over, its steps, and how it ended."""

from typing import Any, Literal, NotRequired, TypedDict

from pfnb.rows.account import UserRow
from pfnb.rows.delivery import RunRow
from pfnb.rows.error import ErrorRow
from pfnb.rows.event import EventObject, EventRow


class StepRow(TypedDict):
    """One executed step. `number` and `line` count in the document, that of `pipeline` if the step belongs to a called one.
    `started` is in milliseconds since the epoch; `iteration` has the index of each loop around the step."""

    number: int
    command: str
    line: int
    started: int
    milliseconds: float
    input: Any
    output: Any
    error: str | None
    depth: int
    iteration: list[int]
    pipeline: str | None


class RunWithSteps(RunRow):
    """A run, as `pipeline.debug` returns it."""

    steps: list[StepRow]


class ResponseRow(TypedDict):
    """What a pipeline answers to an HTTP caller who waits for it. A header that is sent several times has a list."""

    status: int
    headers: dict[str, str | list[str]]
    body: Any


class Succeeded(TypedDict):
    """The outcome of a run that succeeded. `skipped`: the pipeline's filter rejected the event."""

    status: Literal["succeeded"]
    value: Any
    response: ResponseRow | None
    steps: list[StepRow]
    skipped: bool


class Failed(TypedDict):
    """The outcome of a run that failed. `final`: it is not retried, as the run has said."""

    status: Literal["failed"]
    error: ErrorRow
    steps: list[StepRow]
    final: NotRequired[bool]


Outcome = Succeeded | Failed


class HandedEvent(TypedDict):
    """One of the events of a delivery."""

    event: EventObject
    entry: EventRow


class DeliveryFrame(TypedDict):
    """A delivery as the hub hands it to a session. `lease` belongs to the report of its end. Where a listener takes batches,
    `more` are the events after the first one; they end with it."""

    type: Literal["delivery"]
    delivery: str
    lease: str
    listener: str
    attempt: int
    event: EventObject
    entry: EventRow
    more: NotRequired[list[HandedEvent]]


class StoredDeliveryFrame(DeliveryFrame):
    """The same for a worker, with the stored pipeline and its owner."""

    source: str
    owner: UserRow
