"""Repeated requests: a sender that got no answer, or wants to be sure, sends the same delivery again under the same id.

The delivery id alone is not enough: anyone who knows a webhook's uuid can guess the ids that its real sender will use. A
request with a known id is a repetition only if its content is the same. What a webhook's owner names by `repeatBy` does decide
alone: senders change the content from one attempt to the next.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re

from pfnb.commands.repeat_by import NO_REPEATS, is_expression
from pfnb.exceptions import ParameterError, PfnbError
from pfnb.hub.event_expressions import value_over
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.receiving.body_json import top_level_texts
from pfnb.hub.receiving.naming import without_names
from pfnb.hub.receiving.request import Body, Limits, Received
from pfnb.hub.records.event import DELIVERY_KEY, Event
from pfnb.hub.stores.bodies import read_body
from pfnb.language.extent import shown
from pfnb.language.media_types import media_type
from pfnb.language.pel import parse_template

HEADERS = (
    "x-github-delivery",
    "webhook-id",
    "svix-id",
    "idempotency-key",
    "x-shopify-webhook-id",
    "x-gitlab-event-uuid",
    "x-amz-sns-message-id",
    "x-atlassian-webhook-identifier",
    "i-twilio-idempotency-token",
    "x-request-uuid",
)
"""Headers with the sender's delivery id. The first one that a request has counts."""
CLOUD_EVENTS = "application/cloudevents+json"
CLOUD_EVENT = ("source", "id")
"""The two attributes that together name a CloudEvent, in JSON or, with `ce-` before them, in headers."""
LONGEST_VALUE = 4096
"""Characters of a value that `repeatBy` finds."""
FORM_DATA = "multipart/form-data"
STRIPE = "stripe-signature"
"""Stripe puts the delivery id in the body: it is the event's id."""

_SAYS_WHAT = re.compile(r"content-encoding|.*(event|topic)|ce-(type|subject)")
"""Headers that say what has happened (X-GitHub-Event, X-Shopify-Topic) or how to read the body."""


async def repeat_key(received: Received, limits: Limits) -> str | None:
    """The key that a repetition of this request shares: 32 characters derived from the uuids in the request and the sender's
    delivery id, and 32 derived from these and the request's content. None if the sender gives no delivery id."""
    name = _by_header(received) or await _by_body(received, limits)
    if name is None or not received.names:
        return None
    # All of them, whichever is a webhook's: answers show that two requests have the same key.
    delivery = _key(*(each.uuid for each in received.names), *name)
    content = await in_thread_if_large(received.body.size, lambda: _content(received))
    return delivery + _key(delivery, content)


async def chosen_key(repeat_by: str, event: Event, body: Body) -> str | None:
    """The key of a request to a webhook with this `repeatBy`; None if it switches repetitions off. ParameterError, for the
    webhook's owner, if the request has no such value."""
    if repeat_by == NO_REPEATS:
        return None
    value = await _value(repeat_by, event, body) if is_expression(repeat_by) else event.headers.get(repeat_by.lower())
    if value is None or value == "":
        raise ParameterError(f"{shown(repeat_by)} has no value in this request")
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    if len(text) > LONGEST_VALUE:
        raise ParameterError(
            f"{shown(repeat_by)} has a value of {len(text):,} characters, but at most {LONGEST_VALUE:,} can be compared"
        )
    delivery = _key(event.webhook or "", repeat_by, text)
    return delivery + _key(delivery)


async def _value(repeat_by: str, event: Event, body: Body) -> object:
    try:
        return await value_over(parse_template(repeat_by), event, body)
    except PfnbError as error:
        raise ParameterError(f"{shown(repeat_by)} has no value in this request: {error.message}") from error


def _by_header(received: Received) -> tuple[str, ...] | None:
    headers = received.headers
    for name in HEADERS:
        if value := headers.get(name):
            return name, value
    attributes = tuple(headers.get(f"ce-{name}", "") for name in CLOUD_EVENT)
    return ("ce", *attributes) if all(attributes) else None


async def _by_body(received: Received, limits: Limits) -> tuple[str, ...] | None:
    if STRIPE in received.headers:
        event = (await _texts(received, ("id",), limits)).get("id", "")
        return (STRIPE, event) if event.startswith("evt_") else None
    if media_type(received.content_type) == CLOUD_EVENTS:
        texts = await _texts(received, CLOUD_EVENT, limits)
        attributes = tuple(texts.get(name, "") for name in CLOUD_EVENT)
        return ("ce", *attributes) if all(attributes) else None
    return None


async def _texts(received: Received, names: tuple[str, ...], limits: Limits) -> dict[str, str]:
    """These keys of a JSON body that is short enough."""
    body = received.body
    if body.size > limits.json:
        return {}
    data = body.data if body.data is not None else await asyncio.to_thread(read_body, body)
    return top_level_texts(data, names)


def _content(received: Received) -> str:
    """The request's content. A multipart form counts by its parts: its boundary may differ each time it is sent."""
    parted = media_type(received.content_type) == FORM_DATA and bool(received.fields or received.files)
    uuids = {name.uuid for name in received.names}
    files = [(one.field, one.filename, one.content_type, one.sha256) for one in received.files]
    said = [
        received.method,
        without_names(received.query, uuids),
        FORM_DATA if parted else received.content_type,
        sorted(one for one in received.headers.items() if _SAYS_WHAT.fullmatch(one[0])),
        (without_names(received.fields, uuids), files) if parted else _digest(received.body),
    ]
    return repr(said)


def _digest(body: Body) -> str:
    if body.path is None:
        return hashlib.sha256(read_body(body)).hexdigest()
    with body.path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.sha256).hexdigest()


def _key(*words: str) -> str:
    text = "\n".join(words).encode("utf-8", "surrogatepass")  # JSON can write half a character
    return hashlib.sha256(text).hexdigest()[:DELIVERY_KEY]
