"""An endpoint: another system's address to which events are sent; and the log of what was sent there."""

from typing import Literal, NotRequired, TypedDict

from pfnb.rows.delivery import DeliveryStatus

Format = Literal["standard", "event", "original"]
"""What is sent of an event: an object of Standard Webhooks, the event object, or the payload as it was received."""


class EndpointRow(TypedDict):
    """An endpoint. Times are milliseconds since the epoch. `headers` are the names of headers sent along, whose values are
    secret. `failingSince` is the first of the failed attempts since the last successful one; `disabled` is the reason for
    which the hub has switched it off; `formerSecretUntil` is until when a rotated secret signs, too. `warning` says what its
    owner should know; a `deleted` one was deleted just now."""

    id: str
    eventKey: str
    url: str
    description: str
    active: bool
    format: Format
    headers: list[str]
    filter: str
    concurrency: int
    owner: str
    created: int
    updated: int
    waiting: int
    failingSince: int | None
    disabled: str | None
    formerSecretUntil: int | None
    warning: NotRequired[str]
    deleted: NotRequired[bool]


class EndpointSecret(TypedDict):
    """The secret with which an endpoint's messages are signed."""

    id: str
    secret: str


class Attempt(TypedDict):
    """One attempt to send a message. `created` is in milliseconds since the epoch; `statusCode` is None without an answer;
    `answer` is the beginning of the answer, with secrets masked; `error` is None for a success."""

    created: int
    milliseconds: float
    statusCode: int | None
    answer: str
    error: str | None


class SentRow(TypedDict):
    """An event at an endpoint, with its attempts, the oldest first. `id` is the number of the delivery, `nextAttempt` the time
    of the next attempt, in milliseconds since the epoch."""

    id: str
    messageId: str
    eventId: str
    eventKey: str
    created: int
    status: DeliveryStatus
    nextAttempt: int | None
    attempts: list[Attempt]


class Resent(TypedDict):
    """How many events are sent once more."""

    replayed: int
