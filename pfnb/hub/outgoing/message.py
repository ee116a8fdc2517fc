"""What an endpoint is sent of an event."""

from __future__ import annotations

from functools import partial
from typing import Any

from pfnb.hub.event_expressions import LONGEST, value_over
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.past.history import History
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.records.event import Event
from pfnb.hub.stores.store import Store
from pfnb.language.condition import is_true
from pfnb.language.content import without_codes
from pfnb.language.media_types import OCTETS
from pfnb.language.pel import parse_template
from pfnb.language.utc import utc_time
from pfnb.outbound import Content

TEST = "webhook.endpoint.test"
"""The type of a sample message."""


class Messages:
    def __init__(self, store: Store, history: History) -> None:
        self._store = store
        self._history = history

    async def accepts(self, endpoint: Endpoint, event: Event, body: bytes | None) -> bool:
        """Whether the endpoint's filter accepts an event. Raises PelEvaluationError and ParameterError."""
        if not endpoint.filter:
            return True
        if body is None:
            body = await self._store.events.body(event.id) if event.size <= LONGEST else b""
        value = await value_over(parse_template(endpoint.filter), event, Body(event.size, body, None))
        return is_true(value, "filter")

    async def of(self, endpoint: Endpoint, event: Event, body: bytes | None) -> tuple[Content, dict[str, str]]:
        """The content to send for an event, and headers that belong to it. `body` saves reading the event's body back."""
        if endpoint.format == "original":
            data = await self._store.events.body(event.id) if body is None else body
            if event.webhook is None:  # made by this hub, whose codes in it are genuine
                own = data
                data = await in_thread_if_large(event.size, lambda: without_codes(own))
            encoding = event.headers.get("content-encoding")
            return Content(event.content_type or OCTETS, data), {} if encoding is None else {
                "content-encoding": encoding
            }
        seen = await self._history.object(event, body)
        value: dict[str, Any] = dict(seen)
        if endpoint.format == "standard":
            value = {"type": event.event_key, "timestamp": utc_time(event.created, exact=True), "data": seen["payload"]}
        return await in_thread_if_large(event.size, partial(_json, value)), {}


def sample(at: int) -> Content:
    """A message that shows whether an endpoint is reached."""
    return _json(
        {"type": TEST, "timestamp": utc_time(at, exact=True), "data": {"message": "This is a test of your endpoint."}}
    )


def _json(value: Any) -> Content:
    """Codes of content references are stripped: they are for this hub alone."""
    content = Content.of(value)
    return Content(content.content_type, without_codes(content.data))
