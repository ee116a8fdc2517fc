"""Which events somebody asks for: the words of a filter, and whose events they may find with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pfnb.hub.delivery import DeliveryStatus
from pfnb.hub.event import Event
from pfnb.language.topics import topic_matches


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`key` is a topic pattern, `webhook` a uuid, `status` that of any delivery; `since` and `until` are milliseconds since
    the epoch, the second not included. `text` is looked for in whatever a person can read of an event, in any case."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    key: str | None = None
    webhook: str | None = None
    status: DeliveryStatus | None = None
    text: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Events of this owner, and nobody else's. `running` are the deliveries that the store still has as pending; `seqs`, where
    given, the orders of the only events that are asked about."""

    owner: str
    filter: EventFilter = field(default_factory=EventFilter)
    running: frozenset[int] = frozenset()
    seqs: tuple[int, ...] | None = None

    def admits(self, event: Event) -> bool:
        """Whether the event is meant, as far as it can tell: its deliveries and its text are looked at elsewhere."""
        asked = self.filter
        return (
            event.owner == self.owner
            and (self.seqs is None or event.seq in self.seqs)
            and (asked.key is None or topic_matches(asked.key, event.event_key))
            and (asked.webhook is None or event.webhook == asked.webhook)
            and (asked.since is None or event.created >= asked.since)
            and (asked.until is None or event.created < asked.until)
        )
