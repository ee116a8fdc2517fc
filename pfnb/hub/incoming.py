"""A request as the event that its webhook fires."""

from __future__ import annotations

from pfnb.hub.causation import chain_of
from pfnb.hub.gateway import values_in
from pfnb.hub.receiving.naming import gateway_path
from pfnb.hub.receiving.request import Received
from pfnb.hub.records.event import Event
from pfnb.hub.records.webhook import Webhook


def event_of(
    received: Received,
    webhook: Webhook,
    namespace: str,
    created: int,
    *,
    event_id: str = "",
    trace_id: str = "",
    correlation_id: str = "",
    repeat_key: str | None = None,
) -> Event:
    """The event. What a webhook decides about before it accepts a request is an event without ids."""
    query, raw_query = received.events_query()
    below = gateway_path(received.path)
    return Event(
        id=event_id,
        event_key=webhook.event_key,
        namespace=namespace,
        trace_id=trace_id,
        correlation_id=correlation_id,
        created=created,
        owner=webhook.owner,
        webhook=webhook.uuid,
        method=received.method,
        path={} if below is None or not webhook.path else values_in(below, webhook.path),
        query=query,
        raw_query=raw_query,
        remote_address=received.remote_address,
        headers=received.events_headers(),
        content_type=received.content_type,
        size=received.body.size,
        fields=received.events_fields(),
        files=received.files,
        payload_type=webhook.payload_type,
        repeat_key=repeat_key,
        causation=chain_of(received.headers),
    )
