"""Recent changes, by number: viewers of events learn what is new without listing everything again."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from pfnb.hub.pulse import Pulse

MAX_CHANGED = 1_000


class Changes:
    """The newest change of each of the recently changed events. Numbers grow, also over restarts: they start at the clock's
    microseconds, and no hub makes changes faster than that."""

    def __init__(self) -> None:
        self.number = self._forgotten = time.time_ns() // 1000
        self._by_seq: OrderedDict[int, int] = OrderedDict()
        self._pulse = Pulse()

    def note(self, seq: int) -> None:
        """The event of this seq is new, or one of its deliveries changed."""
        self.number += 1
        self._by_seq[seq] = self.number
        self._by_seq.move_to_end(seq)
        if len(self._by_seq) > MAX_CHANGED:
            _, self._forgotten = self._by_seq.popitem(last=False)
        self._pulse.beat()

    def note_many(self) -> None:
        """Too much changed to report one by one."""
        self.number += 1
        self._forgotten = self.number
        self._by_seq.clear()
        self._pulse.beat()

    def next(self) -> asyncio.Future[None]:
        """A future of the next change. Take it before looking, so that no change is missed in between."""
        return self._pulse.next()

    def after(self, number: int) -> list[tuple[int, int]] | None:
        """Numbers and seqs of what changed after this number, oldest change first; None if that is forgotten."""
        if not self._forgotten <= number <= self.number:
            return None
        changed = []
        for seq, latest in reversed(self._by_seq.items()):
            if latest <= number:
                break
            changed.append((latest, seq))
        return changed[::-1]
