"""The store's port: all that the rest of the hub knows of where webhooks, events and deliveries are kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pfnb.hub.delivery import Delivery, DeliveryStatus, Listener
from pfnb.hub.event import Event
from pfnb.hub.property import Attachment, Property
from pfnb.hub.query import EventQuery
from pfnb.hub.request import Body
from pfnb.hub.webhook import Webhook

REPEAT_MILLISECONDS = 24 * 60 * 60 * 1000
AWAY = {"statusMessage": "listener away"}
"""The error of a delivery that was given up."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event's place in the order of commits, and the deliveries that were committed with it.

    `repeats`: it was stored before, under this id. Then nothing was added; the deliveries are those that are pending again.
    """

    seq: int
    deliveries: tuple[Delivery, ...]
    repeats: str | None = None


@dataclass(frozen=True, slots=True)
class AddEvent:
    """An event that is to be stored, with a delivery for each of these listeners."""

    event: Event
    body: Body
    listeners: Sequence[str]


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """What is to become of properties: `removed` are uuids, and take their attachments along; `detached` are attachments' ids.
    `vacated` are the paths where there is nothing any more, and where the property is now, None for nowhere."""

    saved: Sequence[Property] = ()
    removed: Sequence[str] = ()
    attached: Sequence[tuple[Attachment, Body]] = ()
    detached: Sequence[str] = ()
    vacated: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListenerChange:
    """What is to become of listeners, by name: `saved` are new or different. What waits for a `renamed` one waits for it under
    its new name, and what waits for a `removed` one is dead."""

    saved: Sequence[Listener] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    removed: Sequence[str] = ()

    @property
    def names(self) -> Sequence[str]:
        """All names that meant something else before."""
        return (*self.removed, *self.renamed, *(one.name for one in self.saved))


NO_LISTENERS = ListenerChange()
DELETED = "the listener was deleted"
"""Why what waited for it is dead."""


@dataclass(frozen=True, slots=True)
class Found:
    """Events that were asked for, and the order below which to look for more; None where there are no more."""

    events: Sequence[Event]
    next: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What the hub keeps in memory: every webhook and listener, the order of the newest event, and accounts, roles and
    tokens by kind and name."""

    webhooks: tuple[Webhook, ...]
    listeners: tuple[Listener, ...]
    last_seq: int
    identities: tuple[tuple[str, str, dict[str, Any]], ...] = ()


class Store(Protocol):
    """Writes return after the commit they are part of; nothing is acknowledged before. BusyError when too many wait.

    A delivery is pending here until it has ended: that it runs is known to the hub that handed it out, so that a hub
    which died in the middle has left nothing to repair.

    Events come back in the order of their commit. A body beyond the memory limit is a file in the hub's body folder, written
    before its event is added; the store keeps its name.
    """

    durable: bool

    async def open(self) -> Opened:
        """Bring the schema up to date and read what the hub keeps in memory."""

    async def close(self) -> None: ...

    async def add_event(self, event: Event, body: Body, listeners: Sequence[str]) -> Stored:
        """Add it with a delivery for each listener, if it is no repetition of one within REPEAT_MILLISECONDS. Of that one, what
        failed at one of the listeners or is dead is pending again."""

    async def add_deliveries(self, event_id: str, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        """Further deliveries of an event that is stored already. NotFoundError when it is not."""

    async def count_unknown(self) -> None:
        """Count a request that named no active webhook, in the same group commit as events."""

    async def save_webhooks(self, *webhooks: Webhook) -> None:
        """Add or replace them, all in one commit; their counts are the receiver's and stay."""

    async def save_identities(self, records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> None:
        """Add or replace accounts, roles and tokens, by kind and name, all in one commit; None removes one."""

    async def delete_webhook(self, uuid: str) -> None: ...

    async def change_listeners(self, change: ListenerChange) -> None: ...

    async def change_properties(
        self, change: PropertyChange, events: Sequence[AddEvent], listeners: ListenerChange = NO_LISTENERS
    ) -> list[Stored]:
        """All of the change, what it means for listeners, and the events that tell of it, in one commit."""

    async def property_of(self, uuid: str) -> Property | None: ...

    async def property(self, path: str) -> Property | None: ...

    async def properties(self, prefix: str) -> list[Property]:
        """Those whose path begins so, by path."""

    async def expired_properties(self, now: int) -> list[Property]:
        """Those whose time was up at `now`."""

    async def attachments(self, uuid: str) -> list[Attachment]:
        """A property's, by name."""

    async def attachment(self, attachment_id: str) -> Attachment | None: ...

    async def attachment_slice(self, attachment_id: str, offset: int, size: int) -> bytes: ...

    async def count_attempts(self, deliveries: Collection[int]) -> None:
        """Their runs were cut off: one more attempt each, pending still."""

    async def finish_delivery(
        self,
        delivery: int,
        status: DeliveryStatus,
        error: dict[str, Any] | None,
        steps: Sequence[dict[str, Any]],
        not_before: int = 0,
    ) -> None:
        """The run of one more attempt has ended so; where it is pending again, until when it waits."""

    async def pending(self, listener: str, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        """Pending deliveries of a listener with an id above `after`, oldest first."""

    async def retries(self, listener: str, limit: int) -> list[tuple[Delivery, Event]]:
        """Of these the ones that are tried again, by the time of that."""

    async def delivery(self, delivery: int) -> tuple[Delivery, Event]: ...

    async def steps(self, delivery: int) -> list[dict[str, Any]]:
        """The trace of its last run."""

    async def runs(self, listener: str, owner: str, before: int | None, limit: int) -> list[tuple[Delivery, Event]]:
        """A listener's deliveries of this owner's events, newest first, with an id below `before`."""

    async def give_up(self, listener: str, before: int, most: int) -> int:
        """Deliveries that wait for it and whose event is from before that time, or that are not among its newest so many: dead.
        How many there were."""

    async def pending_counts(self) -> dict[str, int]: ...

    async def events(self, webhook: str, limit: int, before: str | None) -> list[Event]:
        """A webhook's events, newest first, older than the event `before`."""

    async def find_events(self, query: EventQuery, before: int | None, limit: int) -> Found:
        """Events below the order `before`, newest first. A search for a text looks at a bounded number of events a call: there
        may be fewer than `limit`, or none, and still more to come."""

    async def count_events(self, query: EventQuery) -> int:
        """How many a query means, whatever text it asks for."""

    async def events_since(self, seq: int, limit: int) -> list[Event]:
        """Events after this order, oldest first."""

    async def size(self) -> int:
        """Bytes that events take."""

    async def removable(self, before: int | None, limit: int) -> list[tuple[int, int]]:
        """Orders and sizes of the oldest events, of before that time, of which nothing is pending."""

    async def remove_events(self, seqs: Sequence[int]) -> int:
        """Remove these, with their deliveries and bodies, but for those of which something is pending. How many went."""

    async def event(self, event_id: str) -> Event | None: ...

    async def body(self, event_id: str) -> bytes: ...

    async def body_slice(self, event_id: str, offset: int, size: int) -> bytes: ...

    async def deliveries(self, event_ids: Sequence[str]) -> dict[str, list[Delivery]]: ...
