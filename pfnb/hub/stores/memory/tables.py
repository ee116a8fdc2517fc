"""What the store in memory holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pfnb.hub.receiving.request import Body
from pfnb.hub.records.delivery import FINAL, Delivery, Listener
from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.records.event import Event
from pfnb.hub.records.property import Attachment, Property
from pfnb.hub.records.secret import SecretRecord
from pfnb.hub.records.webhook import Webhook


@dataclass(slots=True)
class Tables:
    """Rows by their keys. `by_event` has the numbers of an event's deliveries; `by_repeat_key` and `by_delivery_key` the first
    event of each key."""

    webhooks: dict[str, Webhook] = field(default_factory=dict)
    retired: dict[str, str] = field(default_factory=dict)
    listeners: dict[str, Listener] = field(default_factory=dict)
    identities: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    refusals: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[tuple[str, str], SecretRecord] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    bodies: dict[str, Body] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    steps: dict[int, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    by_event: dict[str, list[int]] = field(default_factory=dict)
    by_repeat_key: dict[str, str] = field(default_factory=dict)
    by_delivery_key: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)
    attachments: dict[str, tuple[Attachment, Body]] = field(default_factory=dict)
    last_seq: int = 0
    last_delivery: int = 0

    def of_event(self, event_id: str) -> Iterator[Delivery]:
        return (self.deliveries[number] for number in self.by_event.get(event_id, ()))

    def is_pending(self, event: Event) -> bool:
        return any(delivery.status not in FINAL for delivery in self.of_event(event.id))
