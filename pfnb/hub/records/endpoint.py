"""An endpoint: another system's address to which events are sent; and the listener that gets them for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pfnb.hub.clock import DAY
from pfnb.hub.records.delivery import Listener
from pfnb.language.retry import Schedule
from pfnb.language.topics import topic_matches
from pfnb.rows.endpoint import EndpointRow, Format

STANDARD = Schedule((5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600))
"""The schedule that Standard Webhooks publishes: eight attempts within 28 hours."""
DEAD_AFTER = 5 * DAY
"""Milliseconds of failure after which an endpoint is switched off."""
NOTED = 60_000
"""Milliseconds between two failures that are stored."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Times are milliseconds since the epoch. The secrets and the values of `headers` are in the secret store.

    `failing_since` is the first failed attempt since the last success, `failed_at` the last one, and `failed_for` the
    milliseconds for which it is known to have failed. `disabled` says why the hub has switched it off, if it has.
    """

    id: str
    owner: str
    created: int
    updated: int
    url: str
    event_key: str
    description: str = ""
    active: bool = True
    format: Format = "standard"
    headers: Sequence[str] = ()
    filter: str = ""
    concurrency: int = 8
    former_until: int | None = None
    failing_since: int | None = None
    failed_at: int | None = None
    failed_for: int = 0
    disabled: str | None = None

    @property
    def name(self) -> str:
        """The name of its listener."""
        return f"endpoint:{self.id}"

    def listener(self, schedule: Schedule) -> EndpointListener:
        return EndpointListener(
            self.name,
            self.event_key,
            self.owner,
            notebook="",
            created=self.created,
            concurrency=self.concurrency,
            retry=schedule,
            active=self.active,
        )

    def message_id(self, event: str) -> str:
        """The id of every message with this event for this endpoint: its receiver can tell repetitions by it."""
        return f"msg_{hashlib.sha256(f'{event} {self.id}'.encode()).hexdigest()[:32]}"

    def after_failure(self, at: int) -> Endpoint:
        """The endpoint after one more failed attempt. A pause between two attempts counts a day at most: the hub may have been
        off for longer, or there was nothing to send. The same object if the failure need not be noted."""
        if self.failing_since is None or self.failed_at is None:
            return replace(self, failing_since=at, failed_at=at, failed_for=0)
        if at - self.failed_at < NOTED:
            return self
        failed_for = self.failed_for + min(at - self.failed_at, DAY)
        return replace(self, failed_at=at, failed_for=failed_for)

    def after_success(self) -> Endpoint:
        if self.failing_since is None:
            return self
        return replace(self, failing_since=None, failed_at=None, failed_for=0)

    @property
    def is_dead(self) -> bool:
        """Whether it has failed for so long that it is switched off."""
        return self.failed_for >= DEAD_AFTER

    def to_json(self, waiting: int) -> EndpointRow:
        """`waiting` is how many events wait for it."""
        return {
            "id": self.id,
            "eventKey": self.event_key,
            "url": self.url,
            "description": self.description,
            "active": self.active,
            "format": self.format,
            "headers": list(self.headers),
            "filter": self.filter,
            "concurrency": self.concurrency,
            "owner": self.owner,
            "created": self.created,
            "updated": self.updated,
            "waiting": waiting,
            "failingSince": self.failing_since,
            "disabled": self.disabled,
            "formerSecretUntil": self.former_until,
        }


@dataclass(frozen=True, slots=True)
class EndpointListener(Listener):
    """What an endpoint hears, while it is `active`. It is not stored: it follows from its endpoint."""

    active: bool = True

    @property
    def is_stored(self) -> bool:
        return False

    @property
    def is_pipeline(self) -> bool:
        return False

    def hears(self, key: str, notebooks: Sequence[str]) -> bool:  # noqa: ARG002
        return self.active and topic_matches(self.pattern, key)
