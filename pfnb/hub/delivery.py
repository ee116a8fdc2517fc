"""A delivery: handing one event to one listener; and the listener it goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pfnb.language.retry import Retry

DeliveryStatus = Literal["pending", "running", "succeeded", "failed", "dead"]
FINAL: frozenset[str] = frozenset({"succeeded", "failed", "dead"})


@dataclass(frozen=True, slots=True)
class Listener:
    """A pipeline bound to an event key pattern. `name` is unique in the hub; `notebook` says whose it is, `session` which
    kernel registered it last; a stored pipeline has neither, and its path is its name. Others may serve a `shared` one beside
    it. A `strict` one lets no event pass another."""

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
    retry: Retry | None = None

    @property
    def is_stored(self) -> bool:
        """Whether it is a stored pipeline."""
        return not self.notebook

    def is_shared_with(self, other: Listener) -> bool:
        """Whether a worker of this one may stand beside workers of the other, which has its name."""
        return self.shared and (self.shared, self.pattern, self.strict, self.retry) == (
            other.shared,
            other.pattern,
            other.strict,
            other.retry,
        )

    def end_of(self, outcome: Outcome, attempts: int, now: int) -> tuple[DeliveryStatus, int | None]:
        """What becomes of a delivery whose last of so many attempts ended like this: its status, and when it is tried again,
        None for never."""
        if outcome.succeeded:
            return "succeeded", None
        if self.retry is None:
            return "failed", None
        if attempts > self.retry.times:
            return "dead", None
        return "pending", now + round(1000 * self.retry.delay(attempts))


@dataclass(frozen=True, slots=True)
class Delivery:
    """`id` grows in the order of commit: a listener's deliveries sort by it. `error` is as in HTTP answers. One that is tried
    again is so `not_before` this time, in milliseconds since the epoch."""

    id: int
    event_id: str
    listener: str
    status: DeliveryStatus = "pending"
    attempts: int = 0
    error: dict[str, Any] | None = None
    not_before: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "listener": self.listener,
            "status": self.status,
            "attempts": self.attempts,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: its result and what `http.response.set` asked for, or its error; and its steps."""

    succeeded: bool
    value: Any = None
    response: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    steps: tuple[dict[str, Any], ...] = ()
