"""Callers that asked with `wait=true`, and the outcomes they get as answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pfnb.hub.records.delivery import Outcome


@dataclass(slots=True)
class Ends:
    """How the deliveries of one event to these listeners ended, and what they answer together.

    Of several listeners, one that sets a response answers; else the earliest registered that succeeded, once all have
    ended; else, if all failed, the first failure. The answer is None if every listener's filter refused the event."""

    listeners: tuple[str, ...]
    ended: dict[str, Outcome | None] = field(default_factory=dict)

    def add(self, listener: str, outcome: Outcome | None) -> tuple[bool, Outcome | None]:
        """One more has ended. Returns whether the answer is known, and the answer."""
        self.ended[listener] = outcome
        if outcome is not None and outcome.succeeded and outcome.response is not None:
            return True, outcome
        if not all(name in self.ended for name in self.listeners):
            return False, None
        in_order = [outcome for name in self.listeners if (outcome := self.ended[name]) is not None]
        return True, next((one for one in in_order if one.succeeded), in_order[0] if in_order else None)


@dataclass(slots=True)
class _Expected:
    ends: Ends
    answer: asyncio.Future[Outcome | None]


class Outcomes:
    """Callers wait for one answer to their event: see `Ends`. `told` is called with each end of a delivery."""

    def __init__(self, told: Callable[[str, str, Outcome | None], None] = lambda *_: None) -> None:
        self._told = told
        self._expected: dict[str, _Expected] = {}

    def expect(self, event_id: str, listeners: tuple[str, ...]) -> asyncio.Future[Outcome | None]:
        """The future answer to this event. The caller must end this with `forget`."""
        future: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self._expected[event_id] = _Expected(Ends(listeners), future)
        return future

    def forget(self, event_id: str) -> None:
        self._expected.pop(event_id, None)

    def give_up(self, listener: str) -> None:
        """This listener will give no more outcomes."""
        for event_id, expected in self._expected.items():
            if listener in expected.ends.listeners and listener not in expected.ends.ended:
                self.settle(event_id, listener, None)

    def give_up_all(self) -> None:
        """No more answers: the hub is stopping."""
        for expected in self._expected.values():
            if not expected.answer.done():
                expected.answer.set_result(None)

    def settle(self, event_id: str, listener: str, outcome: Outcome | None) -> None:
        """A delivery has ended; `outcome` is None if it gives no answer (refused by its filter, or dead)."""
        self._told(event_id, listener, outcome)
        expected = self._expected.get(event_id)
        if expected is None or expected.answer.done():
            return
        is_known, answer = expected.ends.add(listener, outcome)
        if is_known:
            expected.answer.set_result(answer)

    def complete(self, event_id: str, value: Any) -> None:
        """Answer this event's caller with a value, whatever its listeners do."""
        expected = self._expected.get(event_id)
        if expected is not None and not expected.answer.done():
            expected.answer.set_result(Outcome(succeeded=True, value=value))
