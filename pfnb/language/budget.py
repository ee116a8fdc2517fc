"""The budget of one step: processor time, steps of work, and bytes of memory.

The runner grants each step a budget of its own. Commands and functions get it with `current()` and count their work before they
do it, so that no input can make a step run for long or fill the memory. C code that cannot count runs in `pfnb.workshop`, where
it can be killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import get_ident
from time import thread_time
from typing import Self

from pfnb.exceptions import RunLimitError

PROCESSOR_SECONDS = 1.0
"""Processor time of one step within this process. Waiting is not counted."""

WALL_SECONDS = 10.0
"""Wall-clock time within which another process must answer, including its start and the libraries that it loads."""

STEPS = 5_000_000
"""Steps of work: an item that is looked at, a pair that is compared, a cell that is made."""

BYTES = 64 * 1024 * 1024
"""Memory for all that one step makes, by estimate, before it is made."""

_CHARACTERS_PER_STEP = 1_000
"""Characters that C code scans in about the time of one step."""

_STEPS_PER_LOOK = 1_000
"""Steps between two checks of the clock."""


class Budget:
    """What is left for one step; `owner` is its user, for fair shares.

    Every method raises RunLimitError, which names the limit, when nothing is left. One thread at a time uses a budget.
    """

    seconds = PROCESSOR_SECONDS
    _bytes = BYTES
    _clock: tuple[int, float] | None = None
    _steps = STEPS
    _until_look = _STEPS_PER_LOOK
    _seconds = PROCESSOR_SECONDS
    # Initial values of every budget, on the class: setting them on each instance would cost every step half a microsecond.

    def __init__(self, owner: str = "", *, seconds: float | None = None) -> None:
        self.owner = owner
        if seconds is not None:
            self.seconds = self._seconds = seconds

    def spend(self, steps: int = 1) -> None:
        """Count steps before they are made. Now and then this checks the clock."""
        self._steps -= steps
        if self._steps < 0:
            raise RunLimitError(f"this step takes too long, more than {STEPS:,} steps of work: give it less data")
        self._until_look -= steps
        if self._until_look < 0:
            self._until_look = _STEPS_PER_LOOK
            self.check()

    def scan(self, size: int) -> None:
        """Count a search by C code through that many characters or bytes."""
        self.spend(1 + size // _CHARACTERS_PER_STEP)

    def take(self, amount: int) -> None:
        """Count bytes of memory, estimated, before something of that size is made."""
        self._bytes -= amount
        if self._bytes < 0:
            raise RunLimitError(
                f"this step makes more than {BYTES >> 20} MiB: give it less data, such as fewer rows or a part of the file"
            )

    def check(self) -> None:
        """Check the clock, within `measured`."""
        if self.seconds_left <= 0:
            raise self.over()

    def begun(self) -> Self:
        """Count the processor time of this thread from now on."""
        self._clock = get_ident(), thread_time()
        return self

    def use(self, seconds: float) -> None:
        """Count processor time that another process used for this step."""
        self._seconds -= seconds

    def over(self) -> RunLimitError:
        """The error for exceeded time."""
        return RunLimitError(
            f"this step takes too long, more than {self.seconds:g} s of processor time: give it less data"
        )

    @property
    def seconds_left(self) -> float:
        """Processor time that is left, zero or below when it is over."""
        return self._seconds if self._clock is None else self._seconds - (thread_time() - self._clock[1])

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Count the processor time that this thread uses within; nested in another `measured` of this thread, it counts once."""
        outer = self._clock
        if outer is not None and outer[0] == get_ident():
            yield
            return
        self._clock = get_ident(), thread_time()
        try:
            yield
        finally:
            self._seconds, self._clock = self.seconds_left, outer  # the outer thread waits meanwhile


_current: ContextVar[Budget | None] = ContextVar("pfnb_budget", default=None)


def current() -> Budget:
    """The running step's budget; outside of a step a new one, whose time begins now. Threads and tasks that the step starts
    share it."""
    return _current.get() or Budget().begun()


class granted:  # noqa: N801 - used as a function
    """Make this the current budget within the block."""

    __slots__ = ("_budget", "_token")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def __enter__(self) -> Budget:
        self._token = _current.set(self._budget)
        return self._budget

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
