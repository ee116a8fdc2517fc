"""Deliveries that were running when their process ended or stopped answering: any of them may be the cause."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from pfnb.exceptions import KernelEndedError, WorkerEndedError

MAX_ENDS = 3
"""How often a delivery may be running when its kernel or worker ends: the first time together with others, then as the only
suspect that runs."""
TURN_SECONDS = 60
"""Seconds for which a suspect waits for its turn. After that it runs together with the one whose turn it is."""
_LOOK_SECONDS = 0.2
_MAX_REMEMBERED = 10_000


class Suspects:
    """Suspects of one process run one at a time. If a process ends again, only the suspect whose turn it is gets the blame.

    A kernel whose connection broke may come back as the same session: then nothing is blamed.
    """

    def __init__(self) -> None:
        self._blamed: dict[int, int] = {}
        self._turns: dict[str, int] = {}
        self._before: dict[str, dict[int, int]] = {}

    def vanished(self, session: str, running: Collection[int]) -> None:
        """The connection of this kernel or worker ended without a goodbye while these ran."""
        turn = self._turns.pop(session, None)
        self._before[session] = {delivery: self._blamed.get(delivery, 0) for delivery in running}
        for delivery in running:
            self._blamed[delivery] = max(1, self._blamed.pop(delivery, 0) + (delivery == turn))
        while len(self._blamed) > _MAX_REMEMBERED:
            del self._blamed[next(iter(self._blamed))]
        while len(self._before) > _MAX_REMEMBERED:
            del self._before[next(iter(self._before))]

    def came_back(self, session: str) -> None:
        """This kernel is still alive: only its connection broke."""
        for delivery, times in self._before.pop(session, {}).items():
            if times:
                self._blamed[delivery] = times
            else:
                self._blamed.pop(delivery, None)

    async def admit(
        self, delivery: int, session: str, running: Callable[[], Collection[int]], *, in_kernel: bool = True
    ) -> None:
        """A delivery that was running when its kernel ended waits for its turn; others do not wait. `running` are the deliveries
        of the new kernel. Raises KernelEndedError if kernels ended again and again during the delivery's turns; for workers,
        WorkerEndedError."""
        times = self._blamed.get(delivery, 0)
        if times >= MAX_ENDS:
            del self._blamed[delivery]
            kind, process = (KernelEndedError, "kernel") if in_kernel else (WorkerEndedError, "worker")
            raise kind(f"the {process} ended {times} times while it ran: fix the cause, then replay the event")
        if not times:
            return
        waited = 0.0
        while (turn := self._turns.get(session)) not in (None, delivery) and turn in running():
            if waited >= TURN_SECONDS:
                return
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        self._turns[session] = delivery
