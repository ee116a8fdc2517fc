"""Shares a few child processes among all steps of a process, fairly among owners."""

from __future__ import annotations

import atexit
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Condition
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from pfnb.exceptions import BusyError
from pfnb.language.budget import WALL_SECONDS, Budget, current
from pfnb.workshop.child import Child, GoneError
from pfnb.workshop.wire import encoded

SMALL = 65_536
"""Characters, bytes or values up to which linear work is faster here than in a child."""

MOST_CHILDREN = 2
MOST_WAITING = 64
MOST_WAITING_OF_ONE = 16
LOOK_SECONDS = 0.1
"""Seconds between wake-ups of a step that waits for its turn: code that waits in C cannot be interrupted."""

P = ParamSpec("P")
T = TypeVar("T")


def call(function: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
    """Call one of pfnb's own functions, on plain data, in a child. It blocks: on a loop, await it in a thread.

    Raises what the function raises (a PfnbError), RunLimitError if it takes more than the step's budget leaves, and BusyError
    if too much is waiting.
    """
    result: T = call_named(function.__module__, function.__qualname__, *arguments)
    return result


def call_named(module: str, name: str, *arguments: Any) -> Any:
    """The same for a function whose module is only loaded in the child."""
    budget = current()
    budget.check()
    return _pool().work(module, encoded((module, name, arguments, budget.seconds_left)), budget)


def call_if_large(size: int, function: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
    """The same for work linear in `size`: up to SMALL, it is done in this process."""
    return function(*arguments) if size <= SMALL else call(function, *arguments)  # type: ignore[call-arg]


class Pool:
    """The children of this process. Thread-safe."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._idle: list[Child] = []
        self._waiting: list[str] = []
        self._working: Counter[str] = Counter()

    def work(self, module: str, job: bytes, budget: Budget) -> Any:
        with self._place(budget.owner):
            for _ in range(1 + MOST_CHILDREN):
                child = self._idle.pop() if self._idle else Child()
                try:
                    return child.work(job, budget)
                except GoneError:
                    continue  # That child ended after idling too long.
                finally:
                    self._put_back(child, module)
            raise BusyError("the processes for heavy work end as soon as they start: try again later")

    def _put_back(self, child: Child, module: str) -> None:
        """Keep a child for the next job. Replace one that is no longer usable by a new one, which loads the module meanwhile."""
        if not child.is_usable:
            child.end()
            with suppress(BusyError):
                self._idle.append(Child(module))
        else:
            self._idle.append(child)

    @contextmanager
    def _place(self, owner: str) -> Iterator[None]:
        """Wait for a turn: the owner with the least work under way goes first; among equals, the first to come."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING or self._waiting.count(owner) >= MOST_WAITING_OF_ONE:
                raise BusyError("too many steps with heavy work are waiting: try again later")
            ticket = _Ticket(owner)
            self._waiting.append(ticket)
            try:
                ends = monotonic() + WALL_SECONDS
                while not self._changed.wait_for(lambda: self._is_next(ticket), LOOK_SECONDS):
                    if monotonic() > ends:
                        raise BusyError("other steps with heavy work occupy all processes: try again later")
            finally:
                self._waiting = [each for each in self._waiting if each is not ticket]
                self._changed.notify_all()
            self._working[owner] += 1
        try:
            yield
        finally:
            with self._changed:
                self._working[owner] -= 1
                self._changed.notify_all()

    def _is_next(self, ticket: str) -> bool:
        if self._working.total() >= MOST_CHILDREN:
            return False
        return min(self._waiting, key=lambda each: self._working[each]) is ticket

    def close(self) -> None:
        """End the idle children."""
        while self._idle:
            self._idle.pop().end()


class _Ticket(str):
    """An owner who waits; one owner may have several."""

    __slots__ = ()


@cache
def _pool() -> Pool:
    pool = Pool()
    atexit.register(pool.close)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_pool.cache_clear)
    return pool
