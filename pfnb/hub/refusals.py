"""Requests that named a webhook and were refused: counted for its owner, the newest described. Also remarks on others. Bounded,
whatever is sent.

A request for an unknown webhook leaves as much behind, in one shared place, so that the time of the next answer reveals nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pfnb.exceptions import PayloadTooLargeError, PfnbError
from pfnb.hub.pulse import Pulse
from pfnb.hub.records.query import EventFilter
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.store import Store
from pfnb.hub.webhooks import Webhooks
from pfnb.language.topics import topic_matches
from pfnb.rows.webhook import RefusedOfWebhook, RefusedRow

NEWEST = 20
"""How many refused requests of a webhook are described; older ones are only counted."""
LONGEST_REASON = 300
SAVE_SECONDS = 10.0
SEEN = frozenset({400, 401, 403, 405, 408, 413, 429, 503})
"""The statuses of refusals that a webhook's owner sees. The senders of those with 401, 403 and 405 got the answer of an unknown
webhook: see NotAdmittedError."""
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`created` is in milliseconds since the epoch. `size` is the body's actual or declared size; `limit` the allowed size, if
    that was the reason."""

    created: int
    status: int
    reason: str
    size: int | None = None
    limit: int | None = None

    def to_json(self, count: int) -> RefusedRow:
        """`count` is the number of refusals of this status."""
        return {
            "created": self.created,
            "statusCode": self.status,
            "reason": self.reason,
            "size": self.size,
            "limit": self.limit,
            "count": count,
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """What a webhook's owner should know of a request. `created` is in milliseconds since the epoch."""

    created: int
    text: str


@dataclass(slots=True)
class _Kept:
    counts: Counter[int] = field(default_factory=Counter)
    newest: deque[Refusal] = field(default_factory=lambda: deque(maxlen=NEWEST))
    remarks: dict[str, Remark] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        return {
            "counts": {str(status): count for status, count in self.counts.items()},
            "newest": [[one.created, one.status, one.reason, one.size, one.limit] for one in self.newest],
            "remarks": {about: [one.created, one.text] for about, one in self.remarks.items()},
        }


class Refusals:
    """In memory, and written to the store every few seconds if something changed; a crash loses these seconds. `now` gives
    milliseconds since the epoch."""

    def __init__(self, store: Store, webhooks: Webhooks, now: Callable[[], int]) -> None:
        self._store = store
        self._webhooks = webhooks
        self._now = now
        self._kept: dict[str, _Kept] = {}
        self._unsaved: set[str] = set()
        self._pulse = Pulse()

    def load(self, records: Mapping[str, dict[str, Any]]) -> None:
        for uuid, record in records.items():
            counts = Counter({int(status): count for status, count in record["counts"].items()})
            remarks = {about: Remark(*one) for about, one in record.get("remarks", {}).items()}
            self._kept[uuid] = _Kept(counts, deque((Refusal(*one) for one in record["newest"]), NEWEST), remarks)

    def note(self, uuid: str | None, error: PfnbError, size: int | None = None) -> None:
        """A request that named this uuid was refused. Call it when the answer is on its way."""
        if error.status not in SEEN:
            return
        name = uuid if uuid is not None and self._webhooks.receiving(uuid) is not None else _NOBODY
        kept = self._kept.setdefault(name, _Kept())
        limit = error.limit if isinstance(error, PayloadTooLargeError) else None
        kept.counts[error.status] += 1
        kept.newest.append(Refusal(self._now(), error.status, error.message[:LONGEST_REASON], size, limit))
        self._unsaved.add(name)
        self._pulse.beat()

    def remark(self, uuid: str, about: str, text: str) -> None:
        """Keep this for the owner of the webhook; the newest remark about something replaces the one before. Call it when the
        answer is on its way."""
        if self._webhooks.receiving(uuid) is not None:
            self._kept.setdefault(uuid, _Kept()).remarks[about] = Remark(self._now(), text[:LONGEST_REASON])
            self._unsaved.add(uuid)

    def remarked(self, uuid: str, about: str) -> Remark | None:
        kept = self._kept.get(uuid)
        return None if kept is None else kept.remarks.get(about)

    def settle(self, uuid: str, about: str) -> None:
        """Forget what was remarked about this, since its owner has changed it."""
        kept = self._kept.get(uuid)
        if kept is not None and kept.remarks.pop(about, None) is not None:
            self._unsaved.add(uuid)

    def next(self) -> asyncio.Future[None]:
        """A future of the next refusal. Take it before looking."""
        return self._pulse.next()

    def count(self, uuid: str) -> int:
        kept = self._kept.get(uuid)
        return kept.counts.total() if kept is not None else 0

    def rows(self, uuid: str) -> list[RefusedRow]:
        """The newest first."""
        kept = self._kept.get(uuid)
        if kept is None:
            return []
        return [one.to_json(kept.counts[one.status]) for one in reversed(kept.newest)]

    def number(self, owner: str, asked: EventFilter) -> int:
        """How many requests were refused by this owner's webhooks that the filter selects."""
        return sum(self.count(webhook.uuid) for webhook in self._meant(owner, asked))

    def of(self, owner: str, asked: EventFilter) -> list[RefusedOfWebhook]:
        """The same in detail, by webhook."""
        return [
            {
                "uuid": webhook.uuid,
                "eventKey": webhook.event_key,
                "count": self.count(webhook.uuid),
                "refused": self.rows(webhook.uuid),
            }
            for webhook in self._meant(owner, asked)
            if self.count(webhook.uuid)
        ]

    def _meant(self, owner: str, asked: EventFilter) -> Iterable[Webhook]:
        return (
            webhook
            for webhook in self._webhooks.list(owner)
            if (asked.webhook is None or webhook.uuid == asked.webhook)
            and (asked.key is None or topic_matches(asked.key, webhook.event_key))
        )

    async def save(self) -> None:
        """Write what changed, and forget webhooks that are gone."""
        known = {_NOBODY, *self._webhooks.secrets()}
        for gone in self._kept.keys() - known:
            del self._kept[gone]
        changed = {name: self._kept[name].record() for name in self._unsaved & known}
        if changed:
            await self._store.registry.save_refusals(changed)
            self._unsaved.clear()
