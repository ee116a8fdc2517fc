"""Takes the deliveries that the hub hands over, runs each with its listener, and reports how the run ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextvars import Context
from dataclasses import dataclass
from functools import partial

from pfnb.client.attempt import report, until_ended
from pfnb.client.cause import CAUSE
from pfnb.client.contents import Contents
from pfnb.client.delivery import run_key
from pfnb.client.ends import Ends
from pfnb.client.port import Patient, session_port
from pfnb.client.session import Session
from pfnb.exceptions import AccessDeniedError, HubUnreachableError, NotFoundError, PfnbError
from pfnb.kernel.listening.failed_runs import FailedRuns
from pfnb.kernel.listening.listener import Listener
from pfnb.language.offload import OWN_STEPS
from pfnb.language.running.runner import Runner
from pfnb.language.threads import Threads, Wanted
from pfnb.rows.error import ErrorRow
from pfnb.rows.run import DeliveryFrame, Outcome

_GLANCES, _GLANCE = 100, 0.02
"""How many times, and with which pause in seconds, to check whether an interrupted thread has ended."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many runs were stopped, and whether a thread still runs, in code that Python cannot interrupt."""

    runs: int
    is_working: bool


@dataclass(eq=False, slots=True)
class _Run:
    """`delivery`: as last handed over. `connection`: the number of the session's connection that brought it. `is_waiting`:
    not begun yet. `reported`: the lease under which the hub accepted the outcome of this run."""

    listener: Listener
    delivery: DeliveryFrame
    connection: int
    is_waiting: bool = True
    task: asyncio.Task[None] | None = None
    began: float | None = None
    is_stopped: bool = False
    reported: str | None = None

    @property
    def lease(self) -> str:
        return self.delivery["lease"]


class Deliveries:
    """The listeners of this kernel and their runs. Call all methods on the loop, and `attach` before the session opens."""

    def __init__(self, runner: Runner, contents: Contents) -> None:
        self._runner = runner
        self._contents = contents
        self._listeners: dict[str, Listener] = {}
        self._running: dict[str, _Run] = {}
        self._connection = 0
        self.failed = FailedRuns()

    def __len__(self) -> int:
        """How many listeners there are."""
        return len(self._listeners)

    def attach(self, session: Session) -> None:
        self._session = session
        self._port = session_port(Patient(session))
        self._ends = Ends(session)

    def set_listener(self, listener: Listener) -> Listener | None:
        """Give this listener all further deliveries to its name. Returns the previous one, whose runs are cut off; the hub
        repeats them."""
        before = self.drop(listener.name)
        self._listeners[listener.name] = listener
        return before

    def drop(self, name: str) -> Listener | None:
        """Stop listening under this name and cut off its runs."""
        for run in self._running.values():
            if run.listener.name == name and run.task is not None:
                run.task.cancel()
        listener = self._listeners.pop(name, None)
        if listener is not None:
            listener.threads.rest()
        return listener

    def running_for(self, name: str) -> float | None:
        """Seconds since the longest run of this listener began; None while nothing runs."""
        began = [run.began for run in self._running.values() if run.listener.name == name and run.began is not None]
        return time.monotonic() - min(began) if began else None

    async def stop(self, listener: Listener) -> Stopped:
        """End the runs of a listener that have begun. Those that wait for their turn begin next."""
        runs = [run for run in self._running.values() if run.listener is listener and run.began is not None]
        return await _stop(runs, listener.threads, _is_any)

    async def stop_run(self, number: str) -> Stopped:
        """End the run of one delivery. NotFoundError if it is not running in this kernel."""
        run = self._running.get(number)
        if run is None or run.began is None:
            raise NotFoundError(f"no run {number} is running in this notebook")
        return await _stop([run], run.listener.threads, partial(_is_of, number))

    def discard(self, number: str, error: ErrorRow) -> None:
        """Cut off the run of a delivery that was set aside, and show its error."""
        run = self._running.get(number)
        if run is None or run.task is None:
            return
        run.task.cancel()
        run.listener.threads.interrupt(partial(_is_of, number))
        run.listener.set_aside(run.delivery, error)

    def revoke(self, name: str) -> None:
        """Drop a listener that was deleted, or whose name another session has now. The hub refuses further reports of it."""
        listener = self.drop(name)
        if listener is not None:
            listener.board.close(f"{name} no longer listens here")

    def listener(self, name: str) -> Listener | None:
        return self._listeners.get(name)

    def running(self) -> list[str]:
        """The names of the listeners with runs, including runs that wait for their turn."""
        return sorted({run.listener.name for run in self._running.values()})

    async def show_all(self) -> None:
        """Return once every board shows all that has happened so far."""
        await asyncio.gather(*(listener.board.draw_now() for listener in self._listeners.values()))

    async def take_leave(self) -> list[str]:
        """Make every board say that it no longer listens. Returns the names of the listeners."""
        names = sorted(self._listeners)
        await asyncio.gather(*(self._listeners[name].board.end(f"{name} no longer listens here") for name in names))
        return names

    async def close(self) -> None:
        tasks = [run.task for run in self._running.values() if run.task is not None]
        for name in list(self._listeners):
            self.drop(name)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._ends.close()

    def take(self, delivery: DeliveryFrame) -> None:
        """Begin a run. A run that survived a broken connection continues under its new lease. A run whose outcome the hub has
        already accepted is a retry: it is run once more."""
        number, listener = delivery["delivery"], self._listeners.get(delivery["listener"])
        if listener is None:
            return  # It was deleted while this was on its way, and its deliveries with it.
        if self._connection != self._session.connections:
            self._connection = self._session.connections
            self._forget_waiting()
        running = self._running.get(number)
        if running is not None and running.listener is listener and run_key(running.delivery) != run_key(delivery):
            if running.task is not None:
                running.task.cancel()
        elif running is not None and running.listener is listener:
            running.delivery, running.connection = delivery, self._session.connections
            return
        run = self._running[number] = _Run(listener, delivery, self._session.connections)
        work = self._work(run, number)
        run.task = asyncio.get_running_loop().create_task(work, context=listener.context.copy())
        run.task.add_done_callback(lambda _: self._forget(run, number))  # also if it was cancelled before it began

    def _forget(self, run: _Run, number: str) -> None:
        if self._running.get(number) is run:
            del self._running[number]

    def _forget_waiting(self) -> None:
        """Drop runs that have not begun and came over an earlier connection: the hub hands them all over again, in order."""
        for number, run in list(self._running.items()):
            if run.is_waiting and run.task is not None and run.connection != self._connection:
                run.task.cancel()
                del self._running[number]

    async def _work(self, run: _Run, number: str) -> None:
        CAUSE.set(number)
        OWN_STEPS.set(run.listener.threads)
        try:
            async with run.listener.turn:
                if self._is_over(run):
                    return  # the hub has taken back deliveries that had not begun
                run.is_waiting = False
                run.began = time.monotonic()
                outcome = run.listener.refused.pop(run_key(run.delivery), None) or await until_ended(
                    partial(self._attempt, run), partial(self._is_over, run)
                )
                run.began = None
            if outcome is None:
                return  # the hub hands it over again when the session is back
            await self._report(run, outcome)
        finally:
            self._forget(run, number)
        if run.reported not in (None, run.lease):
            self.take(run.delivery)  # handed over again before we learned that the hub had accepted the outcome

    async def _attempt(self, run: _Run) -> Outcome | None:
        try:
            outcome = await run.listener.run(run.delivery, self._runner, self._port, self._contents)
        except asyncio.CancelledError:
            if not run.is_stopped or run.task is None or self._listeners.get(run.listener.name) is not run.listener:
                raise
            run.task.uncancel()
            outcome = await run.listener.stopped(run.delivery)
        if outcome is not None:
            self.failed.note(run.listener.name, run.delivery["entry"], outcome)
        return outcome

    def _is_over(self, run: _Run) -> bool:
        return not self._session.is_connected or run.connection != self._session.connections

    async def _report(self, run: _Run, outcome: Outcome) -> None:
        while True:
            delivery, lease = run.delivery, run.lease
            try:
                more = run.listener.turn.locked()  # others wait for their turn
                await report(self._ends, delivery, outcome, partial(self._broken_off, run), more=more)
                run.reported = lease
            except (AccessDeniedError, HubUnreachableError):
                if lease != run.lease:
                    continue  # Handed over again while we were reporting under the old lease.
                # The connection broke meanwhile. Keep the outcome in case the hub hands the delivery over again.
                run.listener.remember(run_key(delivery), outcome)
            return

    async def _broken_off(self, run: _Run, error: PfnbError) -> Outcome:
        outcome = await run.listener.broken_off(run.delivery, error)
        self.failed.note(run.listener.name, run.delivery["entry"], outcome)
        return outcome


async def _stop(runs: Iterable[_Run], threads: Threads, wanted: Wanted) -> Stopped:
    """End these runs and their threads, those whose context is `wanted`; wait briefly for the threads to end."""
    stopped = 0
    for run in runs:
        stopped += 1
        if run.task is not None and not run.is_stopped:
            run.is_stopped = True
            run.task.cancel()
    threads.interrupt(wanted)
    for _ in range(_GLANCES):
        if not threads.is_working(wanted):
            break
        await asyncio.sleep(_GLANCE)
    return Stopped(stopped, threads.is_working(wanted))


def _is_any(_: Context) -> bool:
    return True


def _is_of(number: str, context: Context) -> bool:
    """Whether a call with this context belongs to the run of this delivery."""
    return context.get(CAUSE) == number
