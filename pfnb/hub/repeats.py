"""Repeated requests: a sender that got no answer, or wants to be sure, sends the same delivery again under the same id.

The delivery id alone is not enough: anyone who knows a webhook's uuid can guess the ids that its real sender will use. A
request with a known id is a repetition only if its content is the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import re

from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.receiving.body_json import top_level_texts
from pfnb.hub.receiving.request import Body, Limits, Received
from pfnb.hub.records.event import DELIVERY_KEY
from pfnb.hub.stores.bodies import read_body
from pfnb.language.media_types import media_type

HEADERS = ("x-github-delivery", "webhook-id", "idempotency-key")
FORM_DATA = "multipart/form-data"
STRIPE = "stripe-signature"
"""Stripe puts the delivery id in the body: it is the event's id."""

_SAYS_WHAT = re.compile(r"content-encoding|.*(event|topic)")
"""Headers that say what has happened (X-GitHub-Event, X-Shopify-Topic) or how to read the body."""


async def repeat_key(received: Received, limits: Limits) -> str | None:
    """The key that a repetition of this request shares: 32 characters derived from the webhook's uuid and the sender's delivery
    id, and 32 derived from these and the request's content. None if the sender gives no delivery id."""
    name = next(((header, value) for header in HEADERS if (value := received.headers.get(header))), None)
    if name is None and STRIPE in received.headers:
        name = await _stripe_event(received, limits)
    if name is None or received.token is None:
        return None
    delivery = _key(received.token, *name)
    content = await in_thread_if_large(received.body.size, lambda: _content(received))
    return delivery + _key(delivery, content)


def _content(received: Received) -> str:
    """The request's content. A multipart form counts by its parts: its boundary may differ each time it is sent."""
    parted = media_type(received.content_type) == FORM_DATA and bool(received.fields or received.files)
    files = [(one.field, one.filename, one.content_type, one.sha256) for one in received.files]
    said = [
        received.method,
        received.query,
        FORM_DATA if parted else received.content_type,
        sorted(one for one in received.headers.items() if _SAYS_WHAT.fullmatch(one[0])),
        (received.fields, files) if parted else _digest(received.body),
    ]
    return repr(said)


def _digest(body: Body) -> str:
    if body.path is None:
        return hashlib.sha256(read_body(body)).hexdigest()
    with body.path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.sha256).hexdigest()


def _key(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:DELIVERY_KEY]


async def _stripe_event(received: Received, limits: Limits) -> tuple[str, str] | None:
    body = received.body
    if body.size > limits.json:
        return None
    data = body.data if body.data is not None else await asyncio.to_thread(read_body, body)
    event = top_level_texts(data, ("id",)).get("id", "")
    return (STRIPE, event) if event.startswith("evt_") else None
