"""Callers that asked with `wait=true`, and the outcomes they get as answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from pfnb.hub.records.delivery import Outcome


@dataclass(slots=True)
class _Expected:
    listeners: tuple[str, ...]
    answer: asyncio.Future[Outcome | None]
    ended: dict[str, Outcome | None] = field(default_factory=dict)


class Outcomes:
    """Of several listeners, one that sets a response answers; else the earliest registered that succeeded, once all have
    ended; else, if all failed, the first failure. The answer is None if every listener's filter refused the event."""

    def __init__(self) -> None:
        self._expected: dict[str, _Expected] = {}

    def expect(self, event_id: str, listeners: tuple[str, ...]) -> asyncio.Future[Outcome | None]:
        """The future answer to this event. The caller must end this with `forget`."""
        future: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self._expected[event_id] = _Expected(listeners, future)
        return future

    def forget(self, event_id: str) -> None:
        self._expected.pop(event_id, None)

    def give_up(self, listener: str) -> None:
        """This listener will give no more outcomes."""
        for event_id, expected in self._expected.items():
            if listener in expected.listeners and listener not in expected.ended:
                self.settle(event_id, listener, None)

    def give_up_all(self) -> None:
        """No more answers: the hub is stopping."""
        for expected in self._expected.values():
            if not expected.answer.done():
                expected.answer.set_result(None)

    def settle(self, event_id: str, listener: str, outcome: Outcome | None) -> None:
        """A delivery has ended; `outcome` is None if it gives no answer (refused by its filter, or dead)."""
        expected = self._expected.get(event_id)
        if expected is None or expected.answer.done():
            return
        expected.ended[listener] = outcome
        if outcome is not None and outcome.succeeded and outcome.response is not None:
            expected.answer.set_result(outcome)
        elif all(name in expected.ended for name in expected.listeners):
            expected.answer.set_result(_choose(expected))


def _choose(expected: _Expected) -> Outcome | None:
    in_order = [outcome for name in expected.listeners if (outcome := expected.ended[name]) is not None]
    return next((outcome for outcome in in_order if outcome.succeeded), in_order[0] if in_order else None)
