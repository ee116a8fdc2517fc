"""A delivery: one event for one listener."""

from typing import Literal, NotRequired, TypedDict

from pfnb.rows.error import ErrorRow

DeliveryStatus = Literal["pending", "running", "succeeded", "failed", "dead"]


class _Delivery(TypedDict):
    listener: str
    status: DeliveryStatus
    attempts: int
    error: ErrorRow | None
    runningFor: NotRequired[float]


class DeliveryRow(_Delivery):
    """A delivery in the row of its event. The rows of `webhook.receive.logs` have neither `id` nor `runningFor`, the seconds
    since a run began."""

    id: NotRequired[str]


class RunRow(_Delivery):
    """A delivery with its event, in lists of runs. `created` is the event's, in milliseconds since the epoch; a running one has
    its seconds so far as `runningFor`."""

    id: str
    eventId: str
    eventKey: str
    created: int


class NewDelivery(TypedDict):
    """A new delivery of an event."""

    id: str
    listener: str


class Replayed(TypedDict):
    """The deliveries that a replay has made."""

    deliveries: list[NewDelivery]
