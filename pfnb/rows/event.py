"""An event: its row in a log, the pages of such rows, and the event object that pipelines get."""

from typing import Any, NotRequired, TypedDict

from pfnb.rows.delivery import DeliveryRow


class FileRow(TypedDict):
    """A file of a multipart request. `size` is in bytes, `sha256` is hex; `field` is None if it had no name."""

    field: str | None
    filename: str
    contentType: str
    size: int
    sha256: str


class Causation(TypedDict):
    """The keys of the events that led to an event, the oldest first, and their number."""

    hops: int
    keys: list[str]


class EventRow(TypedDict):
    """A row of `webhook.receive.logs`. `created` is in milliseconds since the epoch, `contentLength` in bytes; `body` is base64,
    where it was read. `path` has the values of the parameters in its webhook's path, `causation` comes with events sent by a run,
    `conflict` is the id of an earlier event with the same delivery id but other content."""

    id: str
    eventKey: str
    traceId: str
    correlationId: str
    created: int
    method: str
    query: dict[str, list[str]]
    status: str
    contentType: str
    contentLength: int
    headers: dict[str, str]
    fields: dict[str, list[str]]
    files: list[FileRow]
    deliveries: list[DeliveryRow]
    causation: NotRequired[Causation]
    path: NotRequired[dict[str, str]]
    rawQuery: NotRequired[str]
    remoteAddress: NotRequired[str]
    conflict: NotRequired[str]
    body: NotRequired[str]


class ListedEvent(EventRow):
    """A row of `list_events`: without a body, but with the event's sequence number."""

    seq: int


class Filter(TypedDict, total=False):
    """Which events are meant. `key` is a topic pattern, `webhook` a uuid, `status` that of any delivery; `since` and `until` are
    milliseconds since the epoch. `text` is searched in everything readable of an event."""

    key: str
    webhook: str
    status: str
    text: str
    since: int
    until: int


class EventPage(TypedDict):
    """`next` is the `before` of the next page, None at the end. `total` is None after the first page, and for a text search."""

    events: list[ListedEvent]
    next: int | None
    total: int | None


class ChangedEvents(TypedDict):
    """What changed up to `cursor`. `lost`: too much changed, list again."""

    cursor: int
    events: list[ListedEvent]
    lost: bool


class WatchedEvents(ChangedEvents):
    """The same, and how many requests were refused so far."""

    refused: int


_Async = TypedDict("_Async", {"async": bool})


class EventObject(_Async):
    """An event as its listeners get it, as their body. A parameter of the query that is repeated has a list of values."""

    id: str
    eventKey: str
    namespace: str
    traceId: str
    correlationId: str
    created: int
    method: str
    path: dict[str, str]
    query: dict[str, str | list[str]]
    rawQuery: str
    remoteAddress: str
    headers: dict[str, str]
    payload: Any
    causation: NotRequired[Causation]


class ReadEvent(ListedEvent):
    """The row of one event, with its event object."""

    event: EventObject


class Receipt(TypedDict):
    """What the caller of a webhook is told, whether or not there is such a webhook."""

    status: str
    statusCode: int
    correlationId: str
    traceId: str
    created: int


class SentEvent(TypedDict):
    """An event that was fired."""

    id: str
    eventKey: str
    traceId: str
    correlationId: str
    created: int
