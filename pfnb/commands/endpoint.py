"""Commands for endpoints: other systems to which the hub sends events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from pfnb.commands import command
from pfnb.commands.headers import headers_of
from pfnb.exceptions import ParameterError
from pfnb.language.context import Context
from pfnb.language.expression_text import ExpressionText, template_in
from pfnb.language.topics import check_event_pattern
from pfnb.outbound import check_headers, key_of
from pfnb.rows.endpoint import Attempt, EndpointRow, EndpointSecret, Format, Resent, SentRow

SHORTEST_KEY, LONGEST_KEY = 24, 64
"""Bytes of a secret, as Standard Webhooks has them."""
_ID = Field(description="The endpoint's id, as `webhook.endpoint.get` lists it.", min_length=1)
Id = Annotated[str, _ID]


def check_url(url: str) -> str:
    """The address; ParameterError if it is none, or has a password in it."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not url.isprintable() or " " in url:
        raise ParameterError("url must be an address such as https://example.org/events")
    if parts.username is not None or parts.password is not None:
        raise ParameterError(
            "url must not have a name or password in it: give them as headers, such as Authorization: Basic …"
        )
    return url


def check_secret(secret: str) -> str:
    """The secret; ParameterError unless it is one of Standard Webhooks."""
    if not SHORTEST_KEY <= len(key_of(secret)) <= LONGEST_KEY:
        raise ParameterError(
            f"secret must be whsec_ and {SHORTEST_KEY} to {LONGEST_KEY} bytes in base64: leave it out to get a new one"
        )
    return secret


def check_filter(text: str) -> str:
    """The expression in its marks; empty for no filter. Raises ParameterError."""
    text = text.strip()
    if not text:
        return ""
    marked = text if "#{" in text or "${" in text else f"#{{{text}}}"
    template_in(marked, "filter")
    return marked


def _time(value: Any) -> int:
    """Milliseconds since 1970, also from ISO 8601; a time without a zone is in UTC."""
    try:
        if isinstance(value, str) and not value.isdecimal():
            at = datetime.fromisoformat(value)
            return round((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1000)
        return int(value)
    except (ValueError, TypeError, OverflowError):
        raise ParameterError("since must be a time such as 2026-11-28T14:00Z, or milliseconds since 1970") from None


def _headers(value: Any) -> dict[str, str]:
    headers = headers_of(value or None)
    check_headers(headers)
    return headers


@command("webhook.endpoint.put", in_hub=True)
async def put(
    context: Context,
    endpoint: Annotated[str | None, Field(description="Change the endpoint with this id.", min_length=1)] = None,
    event_key: Annotated[
        Annotated[str, AfterValidator(check_event_pattern)] | None,
        Field(
            description="Key of the events to send, or a pattern: `*` matches one word, `#` any number of words.",
            json_schema_extra={"format": "event-key"},
        ),
    ] = None,
    url: Annotated[
        Annotated[str, AfterValidator(check_url)] | None,
        Field(description="The address to which events are sent, by POST.", max_length=2000),
    ] = None,
    description: Annotated[str | None, Field(description="What it is for.", max_length=500)] = None,
    active: Annotated[bool | None, Field(description="Whether events are sent. If not, they wait.")] = None,
    format: Annotated[  # noqa: A002
        Format | None,
        Field(
            description="What is sent: standard (default), as Standard Webhooks has it: type, timestamp and data; event, the "
            "event object that pipelines get; original, the payload's bytes as they were received."
        ),
    ] = None,
    headers_: Annotated[
        Annotated[dict[str, str], BeforeValidator(_headers, json_schema_input_type=dict[str, str] | str)] | None,
        Field(description="Headers to send along: a map, or a text such as `X-A: 1, X-B: 2`. They are kept secret."),
    ] = None,
    secret: Annotated[
        Annotated[str, AfterValidator(check_secret)] | None,
        Field(description="Signs the messages (whsec_…). Default: a new one, which `webhook.endpoint.secret` returns."),
    ] = None,
    filter: Annotated[  # noqa: A002
        Annotated[ExpressionText, AfterValidator(check_filter)] | None,
        Field(
            description="An expression with the event as `body`, and its payload as payloadType=raw gives it: if false, it "
            "is not sent. Empty: none."
        ),
    ] = None,
    concurrency: Annotated[
        int | None, Field(description="How many events are sent at the same time (8).", ge=1, le=20)
    ] = None,
) -> EndpointRow:
    """Send your events to another system's address, from now on. Returns the endpoint.

    Each event is sent as JSON, signed as in Standard Webhooks, and again after 5 seconds, 5 minutes, 30 minutes, 2, 5, 10 and 10
    hours until the answer is a 2xx. An endpoint that answers 410, or fails for five days, is switched off, and the event
    `webhook.endpoint.disabled` reports it. Without `endpoint`, changes your endpoint of this `eventKey` and `url`, if there is
    one.

    Example:
        pipeline:
          - webhook.endpoint.put: {eventKey: order.*, url: "https://example.org/events"}
          - body.set: "#{body.active}"
        # => true
    """
    given = {
        "endpoint": endpoint,
        "event_key": event_key,
        "url": url,
        "description": description,
        "active": active,
        "format": format,
        "headers_": headers_,
        "secret": secret,
        "filter": filter,
        "concurrency": concurrency,
    }
    return await context.hub.put_endpoint({name: value for name, value in given.items() if value is not None})


@command("webhook.endpoint.get", read_only=True, in_hub=True)
async def get(
    context: Context,
    endpoint: Annotated[str | None, Field(description="Only the endpoint with this id.")] = None,
    event_key: Annotated[
        str | None,
        Field(description="Only endpoints that get events of this key.", json_schema_extra={"format": "event-key"}),
    ] = None,
) -> list[EndpointRow]:
    """List your endpoints, without their secrets.

    Example:
        pipeline:
          - webhook.endpoint.put: {eventKey: order.*, url: "https://example.org/events"}
          - webhook.endpoint.get: {eventKey: order.placed}
          - body.set: "#{body.![url]}"
        # => ["https://example.org/events"]
    """
    return await context.hub.get_endpoints(endpoint=endpoint or None, event_key=event_key or None)


@command("webhook.endpoint.delete", in_hub=True)
async def delete(context: Context, endpoint: Id) -> EndpointRow:
    """Delete an endpoint. What waits for it is not sent any more. Returns the deleted endpoint.

    Example:
        pipeline:
          - webhook.endpoint.put: {eventKey: order.*, url: "https://example.org/events"}
          - webhook.endpoint.delete: {endpoint: "#{body.id}"}
          - body.set: "#{body.deleted}"
        # => true
    """
    return await context.hub.delete_endpoint(endpoint)


@command("webhook.endpoint.secret", in_hub=True)
async def secret_(context: Context, endpoint: Id) -> EndpointSecret:
    """Get the secret with which an endpoint's messages are signed, for its receiver.

    Example:
        pipeline:
          - webhook.endpoint.put: {eventKey: order.*, url: "https://example.org/events"}
          - webhook.endpoint.secret: {endpoint: "#{body.id}"}
          - body.set: "#{body.secret.substring(0, 6)}"
        # => "whsec_"
    """
    return await context.hub.endpoint_secret(endpoint)


@command("webhook.endpoint.rotate", in_hub=True)
async def rotate(
    context: Context,
    endpoint: Id,
    overlap: Annotated[
        float, Field(description="Seconds for which messages are also signed with the former secret.", ge=0)
    ] = 86_400.0,
    secret: Annotated[
        Annotated[str, AfterValidator(check_secret)] | None,
        Field(description="The new secret (whsec_…). Default: a random one."),
    ] = None,
) -> EndpointRow:
    """Give an endpoint a new secret, which `webhook.endpoint.secret` returns. Returns the endpoint.

    Until the overlap ends, each message has two signatures, so that its receiver can change the secret at any time.

    Example:
        pipeline:
          - webhook.endpoint.put: {eventKey: order.*, url: "https://example.org/events"}
          - webhook.endpoint.rotate: {endpoint: "#{body.id}", overlap: 3600}
          - body.set: "#{body.formerSecretUntil > body.updated}"
        # => true
    """
    return await context.hub.rotate_endpoint(endpoint, overlap=overlap, secret=secret)


@command("webhook.endpoint.logs", read_only=True, in_hub=True)
async def logs(
    context: Context,
    endpoint: Id,
    limit: Annotated[int, Field(description="Maximum number of rows.", ge=1, le=500)] = 20,
    before: Annotated[str | None, Field(description="Only rows older than the one with this id.")] = None,
) -> list[SentRow]:
    """List what was sent to an endpoint, newest first: each event with its attempts, and what was answered.

    Example:
        pipeline:
          - webhook.endpoint.put: {eventKey: order.*, url: "https://example.org/events"}
          - webhook.endpoint.logs: {endpoint: "#{body.id}", limit: 5}
        # => []
    """
    return await context.hub.endpoint_logs(endpoint, limit=limit, before=before)


@command("webhook.endpoint.replay", in_hub=True)
async def replay(
    context: Context,
    endpoint: Id,
    event_id: Annotated[str | None, Field(description="Send this event.")] = None,
    since: Annotated[
        Annotated[int, BeforeValidator(_time, json_schema_input_type=int | str)] | None,
        Field(
            description="Send all events since this time that could not be sent: 2026-11-28T14:00Z, or milliseconds since 1970."
        ),
    ] = None,
) -> Resent:
    """Send an event to an endpoint once more, or all events that could not be sent since a time.

    A message that is sent again has the `webhook-id` of the first one, so that its receiver can tell.

    Example:
        pipeline:
          - webhook.endpoint.put: {eventKey: order.*, url: "https://example.org/events"}
          - webhook.endpoint.replay: {endpoint: "#{body.id}", since: "2026-11-28T14:00Z"}
        # => {"replayed": 0}
    """
    if (event_id is None) == (since is None):
        raise ParameterError(
            "webhook.endpoint.replay needs either eventId, for one event, or since, for all since a time"
        )
    return await context.hub.replay_endpoint(endpoint, event_id=event_id, since=since)


@command("webhook.endpoint.test", in_hub=True)
async def test(context: Context, endpoint: Id) -> Attempt:
    """Send a sample message to an endpoint now, once. Returns what was answered.

    Example:
        pipeline:
          - webhook.endpoint.put: {eventKey: order.*, url: "https://nowhere.invalid/events"}
          - webhook.endpoint.test: {endpoint: "#{body.id}"}
          - body.set: "#{body.statusCode == null}"
        # => true
    """
    return await context.hub.test_endpoint(endpoint)
