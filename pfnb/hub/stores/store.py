"""The store's port: how the rest of the hub sees the storage of webhooks, events and deliveries, one noun at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pfnb.hub.receiving.request import Body
from pfnb.hub.records.delivery import Delivery, DeliveryStatus, Listener
from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.records.event import Event
from pfnb.hub.records.property import Attachment, Property
from pfnb.hub.records.query import EventQuery
from pfnb.hub.records.secret import SecretRecord
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.changes import NO_LISTENERS, AddEvent, ListenerChange, PropertyChange

REPEAT_MILLISECONDS = 24 * 60 * 60 * 1000
AWAY = {"statusMessage": "listener away"}
"""The error of a delivery that was given up."""
DELETED = "the listener was deleted"
"""Why the deliveries that waited for it are dead."""
MOST_DECOYS = 64
"""Maximum deliveries written for a request that stores no event."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event's place in the commit order, and the deliveries that were committed with it.

    `repeats`: the id of the earlier event that this one repeats. Nothing was added; `deliveries` are those pending again.
    """

    seq: int
    deliveries: tuple[Delivery, ...]
    repeats: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Matching events, and the seq below which to continue; None if there are no more."""

    events: Sequence[Event]
    next: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What the hub keeps in memory: all webhooks and listeners, the newest event's seq, accounts, roles and tokens by kind and
    name, refused requests by webhook, secrets, still encrypted, and endpoints."""

    webhooks: tuple[Webhook, ...]
    listeners: tuple[Listener, ...]
    last_seq: int
    identities: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    refusals: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    secrets: tuple[SecretRecord, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()


class Store(Protocol):
    """Writes return after the commit they are part of; nothing is acknowledged before. BusyError when too many wait.

    A body beyond the memory limit is a file in the hub's body folder, written before its event is added; the store keeps
    its name.
    """

    durable: bool

    @property
    def events(self) -> EventStore: ...

    @property
    def deliveries(self) -> DeliveryStore: ...

    @property
    def properties(self) -> PropertyStore: ...

    @property
    def registry(self) -> RegistryStore: ...

    async def open(self) -> Opened:
        """Bring the schema up to date and read what the hub keeps in memory."""

    async def close(self) -> None: ...

    async def is_well(self) -> bool:
        """Whether the stored data is still where it was opened, and more can be stored now. Reads the disk."""


class EventStore(Protocol):
    """Events are returned in commit order."""

    async def add(self, event: Event, body: Body, listeners: Sequence[str], padding: Sequence[str] = ()) -> Stored:
        """Add it with a delivery for each listener, unless it repeats one within REPEAT_MILLISECONDS. Then the earlier event's
        failed or dead deliveries at these listeners are pending again. For each name in `padding` as much is written as for a
        delivery."""

    async def count_unknown(self, decoy: AddEvent | None = None) -> None:
        """Count a request that named no active webhook, in the same group commit as events. `decoy` is the event it would be: as
        much is looked up and written as for an event, but none of it is kept for long."""

    async def get(self, event_id: str) -> Event | None: ...

    async def of_webhook(self, webhook: str, limit: int, before: str | None) -> list[Event]:
        """A webhook's events, newest first, older than the event `before`."""

    async def find(self, query: EventQuery, before: int | None, limit: int) -> Found:
        """Events below the seq `before`, newest first. A text search looks at a bounded number of events per call: it may return
        fewer than `limit`, or none, although there are more."""

    async def count(self, query: EventQuery) -> int:
        """How many events match, ignoring the query's text."""

    async def since(self, seq: int, limit: int) -> list[Event]:
        """Events after this seq, oldest first."""

    async def bodies(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        """The bodies that are not files, by event id, in one read."""

    async def body(self, event_id: str) -> bytes: ...

    async def body_slice(self, event_id: str, offset: int, size: int) -> bytes: ...

    async def aged(self) -> int | None:
        """The last value given to `age`, by this hub or an earlier one."""

    async def age(self, time: int) -> None:
        """Keep the time at which the age of events was last checked."""

    async def size(self) -> int:
        """Bytes that events take."""

    async def removable(self, before: int | None, limit: int) -> list[tuple[int, int]]:
        """Seqs and sizes of the oldest events before that time without pending deliveries."""

    async def remove(self, seqs: Sequence[int]) -> int:
        """Remove these with their deliveries and bodies, except those with pending deliveries. Returns how many were removed."""


class DeliveryStore(Protocol):
    """A delivery is pending here until it has ended. Only the hub that handed it out knows that it runs, so that a hub that
    crashed leaves nothing to repair."""

    async def add(self, event_id: str, listeners: Sequence[str]) -> tuple[Delivery, ...]:
        """More deliveries of an event that is stored already, which are `alone`. NotFoundError if it is not."""

    async def count_attempts(self, deliveries: Collection[int]) -> None:
        """Their runs were cut off: each counts one more attempt, and stays pending."""

    def finish(
        self,
        delivery: int,
        status: DeliveryStatus,
        error: dict[str, Any] | None,
        steps: Sequence[dict[str, Any]],
        not_before: int = 0,
        others: Sequence[int] = (),
    ) -> Awaitable[None]:
        """Store the result of one more attempt, and, if it is pending again, until when it waits. A delivery that is no longer
        pending was given up meanwhile, and stays so. The `others` of a batch end alike, in the same commit, without steps."""

    async def give_up(
        self,
        deliveries: Sequence[int],
        error: Mapping[str, Any] = AWAY,
        *,
        failed: bool = False,
        status: DeliveryStatus = "dead",
    ) -> int:
        """End the pending ones, and with `failed` also the failed ones, without an attempt, as dead with this error or with
        another status. Returns their number."""

    async def get(self, delivery: int) -> tuple[Delivery, Event]:
        """NotFoundError if there is none."""

    async def of_events(self, event_ids: Sequence[str]) -> dict[str, list[Delivery]]: ...

    async def steps(self, delivery: int) -> list[dict[str, Any]]:
        """The trace of its last run."""

    async def pending(self, listener: str, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        """Pending deliveries of a listener with an id above `after`, oldest first."""

    async def pending_counts(self) -> dict[str, int]:
        """How many are pending, by listener."""

    async def retries(self, listener: str, limit: int) -> list[tuple[Delivery, Event]]:
        """Pending deliveries of a listener that wait for a retry, by its time."""

    async def runs(self, listener: str, owner: str, before: int | None, limit: int) -> list[tuple[Delivery, Event]]:
        """A listener's deliveries of this owner's events, newest first, with an id below `before`."""

    async def overdue(self, listener: str, before: int, most: int, limit: int) -> list[int]:
        """Pending deliveries of a listener whose event is older than that time, or that are not among its newest `most`; the
        oldest, `limit` of them."""

    async def ended_badly(self, listener: str, since: int, after: int, limit: int) -> list[tuple[Delivery, Event]]:
        """Failed and dead deliveries of a listener with an id above `after`, of events that are not older than `since`; oldest
        first."""

    async def unsuccessful(self, owner: str, limit: int) -> list[tuple[Delivery, Event]]:
        """Deliveries of this owner's events that failed, are dead, or wait for a retry, newest event first."""


class PropertyStore(Protocol):
    """Properties and the files attached to them."""

    async def change(
        self, change: PropertyChange, events: Sequence[AddEvent], listeners: ListenerChange = NO_LISTENERS
    ) -> list[Stored]:
        """The whole change, its effect on listeners, and the events that report it, in one commit."""

    async def get(self, uuid: str) -> Property | None: ...

    async def at(self, path: str) -> Property | None: ...

    async def below(self, prefix: str, wanted: Callable[[Property], bool] | None = None) -> list[Property]:
        """Those whose path has this prefix and for which `wanted` is true, by path. `wanted` may be called in another thread."""

    async def expired(self, now: int) -> list[Property]:
        """Those that have expired at `now`."""

    async def attachments(self, uuid: str) -> list[Attachment]:
        """A property's attachments, by name."""

    async def attachment(self, attachment_id: str) -> Attachment | None: ...

    async def attachment_slice(self, attachment_id: str, offset: int, size: int) -> bytes: ...


class RegistryStore(Protocol):
    """Webhooks, listeners, endpoints, accounts, refused requests and secrets: the hub has them in memory, as `open` read
    them."""

    async def save_webhooks(self, *webhooks: Webhook, secrets: Sequence[SecretRecord] = ()) -> None:
        """Add or replace them with their secrets, all in one commit; their counts are unchanged: they belong to the receiver."""

    async def delete_webhook(self, uuid: str, now: int, secrets: Sequence[SecretRecord] = ()) -> None:
        """Delete it with its secrets, and remember for ever that it existed."""

    async def retired_by(self, uuid: str) -> str | None:
        """The owner of a deleted webhook of this uuid; None if there was none."""

    async def save_refusals(self, records: Mapping[str, dict[str, Any]]) -> None:
        """Add or replace the refused requests, by webhook, all in one commit."""

    async def save_secrets(self, records: Sequence[SecretRecord]) -> None:
        """Add, replace or remove secrets, all in one commit."""

    async def change_listeners(self, change: ListenerChange) -> None: ...

    async def save_endpoint(self, endpoint: Endpoint, secrets: Sequence[SecretRecord] = ()) -> None:
        """Add or replace it with its secrets, all in one commit."""

    async def delete_endpoint(self, endpoint: Endpoint, secrets: Sequence[SecretRecord] = ()) -> None:
        """Delete it with its secrets; what waits for it is dead."""

    async def save_identities(self, records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> None:
        """Add or replace accounts, roles and tokens, by kind and name, all in one commit; None removes one."""

    async def change_owner(self, owner: str, to: str) -> None:
        """Give an owner's events, properties and attachments to somebody else, all in one commit."""
