"""Repeated requests: who got no answer, or wants to be sure, sends the same delivery again, under the same name."""

from __future__ import annotations

import asyncio
import hashlib

from pfnb.hub.body_json import top_level_texts
from pfnb.hub.request import Limits, Received
from pfnb.hub.stores.bodies import read_body

HEADERS = ("x-github-delivery", "webhook-id", "idempotency-key")
STRIPE = "stripe-signature"
"""Stripe names its deliveries in the body: by the id of the event."""


async def repeat_key(received: Received, limits: Limits) -> str | None:
    """What a repetition of this request has in common with it: 32 characters, drawn from the webhook's uuid and the sender's
    name for the delivery. None where the sender names none."""
    name = next(((header, value) for header in HEADERS if (value := received.headers.get(header))), None)
    if name is None and STRIPE in received.headers:
        name = await _stripe_event(received, limits)
    if name is None or received.token is None:
        return None
    return hashlib.sha256("\n".join((received.token, *name)).encode()).hexdigest()[:32]


async def _stripe_event(received: Received, limits: Limits) -> tuple[str, str] | None:
    body = received.body
    if body.size > limits.json:
        return None
    data = body.data if body.data is not None else await asyncio.to_thread(read_body, body)
    event = top_level_texts(data, ("id",)).get("id", "")
    return (STRIPE, event) if event.startswith("evt_") else None
