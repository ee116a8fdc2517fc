"""Which events a query asks for: the fields of a filter, and the owner whose events it may find."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Interval

from pfnb.hub.records.delivery import DeliveryStatus
from pfnb.hub.records.event import Event
from pfnb.language.topics import topic_matches

Moment = Annotated[int, Interval(ge=0, lt=2**63)]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`key` is a topic pattern, `webhook` a uuid, `status` that of any delivery; `since` and `until` are milliseconds since
    the epoch, `until` excluded. `text` is searched, ignoring case, in everything readable of an event."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    key: str | None = None
    webhook: str | None = None
    status: DeliveryStatus | None = None
    text: str | None = None
    since: Moment | None = None
    until: Moment | None = None


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Events of this owner only. `running` are the deliveries that the store still has as pending; `seqs`, if given, limits the
    query to these events."""

    owner: str
    filter: EventFilter = field(default_factory=EventFilter)
    running: frozenset[int] = frozenset()
    seqs: tuple[int, ...] | None = None

    def admits(self, event: Event) -> bool:
        """Whether the event matches, apart from its deliveries and its text, which are checked elsewhere."""
        asked = self.filter
        return (
            event.owner == self.owner
            and (self.seqs is None or event.seq in self.seqs)
            and (asked.key is None or topic_matches(asked.key, event.event_key))
            and (asked.webhook is None or event.webhook == asked.webhook)
            and (asked.since is None or event.created >= asked.since)
            and (asked.until is None or event.created < asked.until)
        )
