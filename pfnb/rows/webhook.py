"""A webhook, and the requests that it refused."""

from typing import Any, NotRequired, TypedDict


class RefusedRow(TypedDict):
    """A refused request. `created` is in milliseconds since the epoch, `size` and `limit` are in bytes, None where unknown;
    `count` is how many were refused with this status."""

    created: int
    statusCode: int
    reason: str
    size: int | None
    limit: int | None
    count: int


class RefusedOfWebhook(TypedDict):
    """What a webhook refused: how many requests, and the newest of them."""

    uuid: str
    eventKey: str
    count: int
    refused: list[RefusedRow]


class WebhookRow(TypedDict):
    """A webhook object. `webhookUrl` names it in the query, or by its own `path` if it has one, `pathUrl` by its
    uuid in the path. Times are milliseconds since the epoch:
    `expires` is when a rotated uuid stops firing. `received` and `refused` count its requests; `warning` says what its owner
    should know; a `deleted` one was deleted just now."""

    eventKey: str
    uuid: str
    webhookUrl: str
    pathUrl: str
    payloadType: str
    maxPayloadLength: int
    path: str
    public: bool
    active: bool
    methods: list[str] | None
    repeatBy: str
    allow: list[str] | None
    rate: dict[str, int | float] | None
    filter: str
    answer: str
    allowHtml: bool
    signature: dict[str, Any] | None
    auth: dict[str, Any] | None
    created: int
    updated: int
    lastReceived: int | None
    received: int
    expires: int | None
    owner: str
    refused: int
    warning: NotRequired[str]
    deleted: NotRequired[bool]
