"""Threads for the work of runs. Each owner has a limited share, so that none can occupy all threads.

They are separate from asyncio's own threads, which read and write files: file access never waits for a run.
"""

from __future__ import annotations

import ctypes
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from threading import Lock, get_ident
from typing import Any

from pfnb.exceptions import BusyError
from pfnb.language.daemon_threads import DaemonThreads

ARRIVAL_SECONDS = 0.05
"""How long to wait for an interrupt that was sent: it arrives at the thread's next step, unless the call has swallowed it."""
MAX_WAITING = 1_000
"""How many calls of one owner may wait for a thread."""

is_within: ContextVar[bool] = ContextVar("pfnb_within_thread", default=False)
"""Whether a call in one of these threads waits for the current code, which must then not wait for the same threads."""


Wanted = Callable[[Context], bool]
"""Decides by a call's context variables whether that call is meant."""


class RunStopped(KeyboardInterrupt):
    """Raised within a call that is to end."""

    def __str__(self) -> str:
        return "it was stopped"


@dataclass(eq=False, slots=True)
class _Job:
    owner: str
    call: Callable[[], Any]
    context: Context
    future: Future[Any] = field(default_factory=Future)
    is_stopped: bool = False


class Threads:
    """At most `threads` calls at once, `share` of them for one owner; the owners that wait take turns. Any thread may submit.

    `most` limits one owner's calls, running ones included.
    """

    def __init__(self, name: str, *, threads: int, share: int, most: int | None = None) -> None:
        self._name = name
        self._executor = DaemonThreads(threads, name)
        self._threads = threads
        self._free = threads
        self._share = share
        self._most = most
        self._lock = Lock()
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[_Job]] = {}
        self._at_work: dict[_Job, int | None] = {}
        """The calls that were handed to a thread, with its number once it has begun."""
        self._stopped: dict[int, float] = {}
        self._interrupted: set[int] = set()

    def submit(self, owner: str, call: Callable[[], Any]) -> Future[Any]:
        """Return a future of the call's result. The call sees the caller's context variables. Raises BusyError if there are too
        many."""
        context = copy_context()
        context.run(is_within.set, True)
        job = _Job(owner, lambda: context.run(call), context)
        with self._lock:
            waiting = self._waiting.get(owner, deque())
            if self._most is not None and self._running[owner] + len(waiting) >= self._most:
                raise BusyError(f"{owner} has a call of this kind running already: wait until it ends, then try again")
            if len(waiting) >= MAX_WAITING:
                raise BusyError(
                    f"{MAX_WAITING:,} expressions and commands of {owner} are waiting already: run less at once"
                )
            waiting.append(job)
            self._waiting[owner] = waiting
            self._start()
        return job.future

    def is_working(self, wanted: Wanted) -> bool:
        """Whether a call with a wanted context is running."""
        with self._lock:
            return any(wanted(job.context) for job in self._at_work)

    def interrupt(self, wanted: Wanted = lambda _: True) -> None:
        """Raise RunStopped within every running call with a wanted context. A call that waits in C code gets it when that
        returns."""
        self._interrupt(lambda job: wanted(job.context))

    def stop(self, future: Future[Any]) -> None:
        """Do the same within the call of this future, if it runs."""
        self._interrupt(lambda job: job.future is future)

    def has_stuck(self, seconds: float) -> bool:
        """Whether a call is still running that many seconds after it was interrupted."""
        with self._lock:
            return any(time.monotonic() - since > seconds for since in self._stopped.values())

    def _interrupt(self, wanted: Callable[[_Job], bool]) -> None:
        with self._lock:
            for job, thread in self._at_work.items():
                if not wanted(job):
                    continue
                job.is_stopped = True  # enough for one that has not begun
                if thread is not None:
                    self._interrupted.add(thread)
                    self._stopped.setdefault(thread, time.monotonic())
                    _raise_in(thread)

    def rest(self) -> None:
        """End the idle threads now and the others after their current call. Further calls get new threads."""
        with self._lock:
            self._executor.shutdown()
            self._executor = DaemonThreads(self._threads, self._name)

    def _start(self) -> None:
        """Start the calls that may start. The lock is held."""
        while self._free and (owner := self._next()) is not None:
            waiting = self._waiting.pop(owner)
            job = waiting.popleft()
            if waiting:
                self._waiting[owner] = waiting  # behind all others
            if job.future.set_running_or_notify_cancel():
                self._free -= 1
                self._running[owner] += 1
                self._at_work[job] = None
                self._executor.submit(self._work, job)

    def _next(self) -> str | None:
        return next((owner for owner in self._waiting if self._running[owner] < self._share), None)

    def _work(self, job: _Job) -> None:
        result: Any = None
        problem: BaseException | None = None
        thread = get_ident()
        try:
            with self._lock:
                self._at_work[job] = thread
                if job.is_stopped:
                    raise RunStopped
            result = job.call()
        except BaseException as error:
            problem = error
        self._leave(job, thread, arrived=isinstance(problem, RunStopped))
        with self._lock:  # before the result is set: whoever waits for it may submit the next call
            self._free += 1
            self._running[job.owner] -= 1
            if not self._running[job.owner]:
                del self._running[job.owner]
            self._start()
        if problem is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(problem)

    def _leave(self, job: _Job, thread: int, *, arrived: bool) -> None:
        """This call is over. An interrupt may still be on its way: wait for it and discard it, unless it has `arrived`.

        It cannot be taken back: Python's interpreter would look for it at every step from then on, and never finish under a
        debugger.
        """
        ends = time.monotonic() + ARRIVAL_SECONDS
        while True:
            try:
                with self._lock:
                    self._at_work.pop(job, None)
                    self._stopped.pop(thread, None)
                    awaited = thread in self._interrupted and not arrived
                while awaited and time.monotonic() < ends:
                    time.sleep(0.001)
                with self._lock:
                    self._interrupted.discard(thread)
            except RunStopped:
                arrived = True
                continue
            return


def _raise_in(thread: int) -> None:
    """Make a thread raise RunStopped at its next step."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(RunStopped))
