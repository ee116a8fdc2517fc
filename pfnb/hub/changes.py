"""What changed lately, by number: who looks at events learns what is new without listing them all again."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from pfnb.hub.pulse import Pulse

MAX_CHANGED = 1_000


class Changes:
    """The newest change of each of the events that changed last. Numbers grow, also over restarts: they begin at the clock's
    microseconds, which no hub outruns."""

    def __init__(self) -> None:
        self.number = self._forgotten = time.time_ns() // 1000
        self._by_seq: OrderedDict[int, int] = OrderedDict()
        self._pulse = Pulse()

    def note(self, seq: int) -> None:
        """The event of this order is new, or one of its deliveries is another than before."""
        self.number += 1
        self._by_seq[seq] = self.number
        self._by_seq.move_to_end(seq)
        if len(self._by_seq) > MAX_CHANGED:
            _, self._forgotten = self._by_seq.popitem(last=False)
        self._pulse.beat()

    def note_many(self) -> None:
        """More changed than can be told one by one."""
        self.number += 1
        self._forgotten = self.number
        self._by_seq.clear()
        self._pulse.beat()

    def next(self) -> asyncio.Future[None]:
        """A future of the next change. Take it before looking, so that no change in between is missed."""
        return self._pulse.next()

    def after(self, number: int) -> list[tuple[int, int]] | None:
        """Numbers and orders of what changed after this number, oldest change first; None when that is forgotten."""
        if not self._forgotten <= number <= self.number:
            return None
        changed = []
        for seq, latest in reversed(self._by_seq.items()):
            if latest <= number:
                break
            changed.append((latest, seq))
        return changed[::-1]
