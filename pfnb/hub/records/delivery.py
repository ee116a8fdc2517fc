"""A delivery (handing one event to one listener), and its listener."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from pfnb.language.gathering import Batch, Debounce, Gathering
from pfnb.language.retry import MAX_WAIT, Retry, Schedule
from pfnb.language.topics import topic_matches
from pfnb.rows.delivery import DeliveryRow
from pfnb.rows.delivery import DeliveryStatus as DeliveryStatus
from pfnb.rows.error import ErrorRow

FINAL: frozenset[str] = frozenset({"succeeded", "failed", "dead"})


BY_SCHEDULE = "by schedule"
"""The pattern of a job, a listener that runs by a schedule: no event can have such a key."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A pipeline bound to an event key pattern. `name` is unique in the hub; `notebook` owns it, and `session` is the kernel
    that registered it last. A stored pipeline has neither; its path is its name. A `shared` one may run in several kernels.
    A `strict` one lets no event overtake another. One of `all_notebooks` with a pattern also gets events of other notebooks.
    `gathering`: how events wait for each other before it runs."""

    name: str
    pattern: str
    owner: str
    notebook: str
    created: int
    source: str = ""
    concurrency: int = 1
    session: str = ""
    shared: bool = False
    strict: bool = False
    retry: Retry | Schedule | None = None
    all_notebooks: bool = False
    gathering: Gathering | None = None

    @property
    def is_stored(self) -> bool:
        """Whether it is a stored pipeline."""
        return not self.notebook

    @property
    def is_job(self) -> bool:
        """Whether it runs by a schedule: then its pattern matches no event."""
        return self.pattern == BY_SCHEDULE

    @property
    def is_pipeline(self) -> bool:
        """Whether a pipeline listens: what it returns may answer a caller."""
        return True

    @property
    def batch(self) -> Batch | None:
        return self.gathering if isinstance(self.gathering, Batch) else None

    @property
    def debounce(self) -> Debounce | None:
        return self.gathering if isinstance(self.gathering, Debounce) else None

    def hears(self, key: str, notebooks: Sequence[str]) -> bool:
        """Whether an event of its owner is for it. `notebooks` are those that fire the event, empty if no notebook does.

        A listener on an exact key gets every event of that key. A pattern leaves out what only other notebooks fire, unless
        the listener does not belong to a single notebook."""
        if not topic_matches(self.pattern, key):
            return False
        of_all = self.all_notebooks or self.shared or self.is_stored
        return of_all or not notebooks or self.pattern == key or self.notebook in notebooks

    def is_shared_with(self, other: Listener) -> bool:
        """Whether its workers may run alongside workers of the other listener of the same name."""
        return self.shared and (self.shared, self.pattern, self.strict, self.retry, self.gathering) == (
            other.shared,
            other.pattern,
            other.strict,
            other.retry,
            other.gathering,
        )

    def end_of(self, outcome: Outcome, attempts: int, now: int) -> tuple[DeliveryStatus, int | None]:
        """The status of a delivery after this outcome of its last of `attempts` attempts, and the time of its retry, None for
        never."""
        if outcome.succeeded:
            return "succeeded", None
        if outcome.is_dead:
            return "dead", None
        if self.retry is None:
            return "failed", None
        if attempts > self.retry.times:
            return "dead", None
        pause = max(self.retry.delay(attempts), min(outcome.retry_after, MAX_WAIT))
        return "pending", now + round(1000 * pause)


@dataclass(frozen=True, slots=True)
class Delivery:
    """`id` grows in commit order: a listener's deliveries sort by it. `error` is as in HTTP answers. A retry does not start
    before `not_before`, in milliseconds since the epoch. One that is `alone` is a replay: it does not wait for other events."""

    id: int
    event_id: str
    listener: str
    status: DeliveryStatus = "pending"
    attempts: int = 0
    error: dict[str, Any] | None = None
    not_before: int = 0
    alone: bool = False

    def to_json(self) -> DeliveryRow:
        return {
            "listener": self.listener,
            "status": self.status,
            "attempts": self.attempts,
            "error": cast(ErrorRow | None, self.error),
        }


def set_aside(delivery: Delivery, username: str, reason: str | None) -> dict[str, Any]:
    """The error of a delivery that somebody has set aside. It includes the error of the last run."""
    said = f"set aside by {username}" + (f": {reason}" if reason else "")
    failed = (delivery.error or {}).get("statusMessage")
    return {"statusMessage": f"{said} (it had failed: {failed})" if failed else said}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: its result and what `http.response.set` asked for, or its error; and its steps. If `is_dead`, it is
    never retried automatically. A retry waits for `retry_after` seconds at least."""

    succeeded: bool
    value: Any = None
    response: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    steps: tuple[dict[str, Any], ...] = ()
    is_dead: bool = False
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class End:
    """The outcome of a delivery's run. `lease` is that under which it was handed out. `skipped`: the listener's filter refused
    the event, so that it gives no answer."""

    delivery: int
    lease: str
    outcome: Outcome
    skipped: bool = False
