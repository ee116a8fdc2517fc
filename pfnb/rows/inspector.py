"""What the browser gets of events, to be shown as plain text only: secrets are masked, invisible characters are marked."""

from typing import TypedDict

from pfnb.rows.delivery import DeliveryStatus


class ShownListener(TypedDict):
    """A delivery in the list."""

    listener: str
    status: DeliveryStatus


class ShownDelivery(ShownListener):
    """A delivery in the detail view. `running` are the seconds since its run began, None if it does not run."""

    id: str | None
    running: float | None
    attempts: int
    error: str


class ShownEvent(TypedDict):
    """A row of the list. `time` is in milliseconds since the epoch. `tone` decides the colour; `running` are the seconds since
    the longest of its current runs began, None if there is none."""

    seq: int
    id: str
    time: int
    key: str
    method: str
    size: str
    type: str
    files: int
    state: str
    tone: str
    running: float | None
    deliveries: list[ShownListener]


class ShownPair(TypedDict):
    """A header, or a parameter of the path or the query. `hidden`: its value is masked."""

    name: str
    value: str
    hidden: bool


class ShownFile(TypedDict):
    """A file of an event."""

    name: str
    field: str
    type: str
    size: str
    sha256: str


class EventDetails(TypedDict):
    """The detail view of an event, without its payload. The sizes also count what is not shown."""

    id: str
    key: str
    exact: str
    facts: list[str]
    ids: list[list[str]]
    headers: list[ShownPair]
    headersSize: int
    path: list[ShownPair]
    query: list[ShownPair]
    querySize: int
    files: list[ShownFile]
    filesSize: int
    deliveries: list[ShownDelivery]


class ShownStep(TypedDict):
    """A step of a run."""

    number: int
    command: str
    where: str
    milliseconds: float
    depth: int
    error: str
    input: str
    output: str


class ShownRefused(TypedDict):
    """A request that was refused."""

    time: int
    webhook: str
    status: str
    size: str
    limit: str
    reason: str
