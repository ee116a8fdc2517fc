"""A delivery: handing one event to one listener; and the listener it goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

DeliveryStatus = Literal["pending", "running", "succeeded", "failed", "dead"]
FINAL: frozenset[str] = frozenset({"succeeded", "failed", "dead"})


@dataclass(frozen=True, slots=True)
class Listener:
    """A pipeline bound to an event key pattern. `name` is unique in the hub; `notebook` says whose it is."""

    name: str
    pattern: str
    owner: str
    notebook: str
    created: int
    source: str = ""
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """`id` grows in the order of commit: a listener's deliveries sort by it. `error` is as in HTTP answers."""

    id: int
    event_id: str
    listener: str
    status: DeliveryStatus = "pending"
    attempts: int = 0
    error: dict[str, Any] | None = None

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
