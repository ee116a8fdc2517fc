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


class HandshakeRow(TypedDict):
    """The newest handshake of a webhook: when, in milliseconds since the epoch, and what happened."""

    created: int
    what: str


class HandshakeState(TypedDict):
    """What a webhook's owner may need to finish a handshake at the sender: `verifyToken` is what the sender must send along, and
    `secret` what the sender has handed over, None if it does not do that."""

    preset: str
    last: HandshakeRow | None
    verifyToken: str
    secret: str | None


class PresetRow(TypedDict):
    """A preset in words: what it checks, when its secret is known, its handshakes, what it takes for a repetition, and where the
    address and the secret go at the sender."""

    preset: str
    title: str
    checks: str
    secret: str
    handshake: str
    repeatBy: str
    where: str
    note: str


class PresetDetails(PresetRow):
    """The same with the settings that it fills in, and a request as the sender makes it, without its signature."""

    settings: dict[str, Any]
    sample: dict[str, Any]


class WebhookRow(TypedDict):
    """A webhook object. `webhookUrl` names it in the query, or by its own `path` if it has one, `pathUrl` by its
    uuid in the path. Times are milliseconds since the epoch:
    `expires` is when a rotated uuid stops firing. `received` and `refused` count its requests; `warning` says what its owner
    should know, `hint` what to do at the sender of its preset; a `deleted` one was deleted just now."""

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
    preset: str
    handshake: str
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
    hint: NotRequired[str]
    lastHandshake: NotRequired[HandshakeRow]
    deleted: NotRequired[bool]
