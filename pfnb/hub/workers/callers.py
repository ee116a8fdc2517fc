"""Runs requested over HTTP: each user has a process, so that no run blocks the hub or other users."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pfnb.exceptions import AccessDeniedError, BusyError, PfnbError, RunTimeoutError, WorkerEndedError
from pfnb.hub.origin import Origin
from pfnb.hub.workers.process import WorkerProcess
from pfnb.language.port import User

log = logging.getLogger("pfnb.worker")

MOST_PROCESSES = 4
"""One for each user whose pipelines run; if that is not enough, users share one."""
MOST_RUNS = 200
"""Simultaneous runs per user."""
LEFT_SECONDS = 60.0
"""How long a run may go on after its caller has left. A caller whose patience was short then leaves nothing half done, and one
who stops waiting for a run that hangs gets its place back."""
SPARED_SECONDS = 10.0
"""A process idle for this long is ended when another user needs one. Until then they share it: a start takes a second, and
users who alternate would start one with every run."""
IDLE_SECONDS = 300.0
"""A process idle for this long is ended."""


class WorkerSession(Protocol):
    """A worker's connection."""

    def ask(self, frame: Mapping[str, Any]) -> Awaitable[None]:
        """Send it a frame. RunLimitError if the frame is too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A run's answer to its caller. With `content`, the id of a content in the hub, that content is the body."""

    status: int
    headers: Mapping[str, str | list[str]]
    body: bytes = b""
    content: str | None = None


@dataclass(eq=False, slots=True)
class Run:
    """A run in progress, and its user. `uuid` identifies the user: the name may go to somebody else meanwhile. `name` is the
    path of a stored pipeline."""

    user: User
    uuid: str | None
    origin: Origin
    name: str | None = None
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class CallerRuns:
    """Call all methods on the loop."""

    def __init__(self) -> None:
        self._url = ""
        self._numbers = itertools.count(1)
        self._of_user: dict[str, _Place] = {}
        self._places: set[_Place] = set()

    def begin(self, url: str) -> None:
        """The hub can be reached at this address."""
        self._url = url

    async def end(self) -> None:
        """End all processes, and start no more. Callers whose pipelines still run get an error."""
        self._url = ""
        places = list(self._places)
        for place in places:
            place.end()
        await asyncio.gather(*(place.task for place in places), return_exceptions=True)

    @property
    def processes(self) -> list[WorkerProcess]:
        return [place.process for place in self._places]

    def find(self, session: object, number: object) -> Run:
        """This worker's run of that number. AccessDeniedError if it has none."""
        for place in self._places:
            if place.session is session and isinstance(number, int) and (run := place.runs.get(number)) is not None:
                return run
        raise AccessDeniedError("this worker does not have this run")

    def names(self, session: object) -> list[str]:
        """What this worker runs: the paths of stored pipelines, and the users of other pipelines."""
        runs = [run for place in self._places if place.session is session for run in place.runs.values()]
        return [run.name or f"one that {run.user.name} sent" for run in runs]

    async def run(self, run: Run, frame: Mapping[str, Any]) -> Answer:
        """Run a pipeline and return its answer. `frame` says what to run. Raises BusyError for too many runs at once, and
        WorkerEndedError if the process ends before the run does."""
        try:
            return await self._run(run, frame)
        finally:
            run.answer.cancel()  # nobody waits for it, nor for its end

    async def _run(self, run: Run, frame: Mapping[str, Any]) -> Answer:
        user = run.user.name
        if not self._url:
            raise BusyError("the hub is starting or stopping; try again in a second")
        runs = (one for place in self._places for one in place.runs.values())
        if sum(one.user.name == user for one in runs) >= MOST_RUNS:
            raise BusyError(f"{MOST_RUNS} of your pipelines are running already: run fewer at once")
        place, number = self._place_of(user), next(self._numbers)
        try:
            await place.take(number, run, {**frame, "type": "run", "run": number})
            return await run.answer
        finally:
            place.leave(number)

    async def left(self, run: Run) -> None:
        """The caller of this run is gone: stop it if it does not end soon."""
        await asyncio.wait([run.answer], timeout=LEFT_SECONDS)
        if run.answer.done():
            return
        run.answer.set_exception(RunTimeoutError("this run was stopped, since its caller had left"))
        for place in list(self._places):
            await place.stop(run)

    def _place_of(self, user: str) -> _Place:
        place = self._of_user.get(user)
        if place is not None and not place.is_over:
            return place
        places = [place for place in self._places if not place.is_over]
        if len(places) >= MOST_PROCESSES:
            place = min(places, key=lambda place: (len(place.runs), place.idle_since))
            if place.runs or asyncio.get_running_loop().time() < place.idle_since + SPARED_SECONDS:
                return place
            place.end()
        place = self._of_user[user] = _Place(self._url, self._forget)
        self._places.add(place)
        return place

    def _forget(self, place: _Place) -> None:
        self._places.discard(place)
        self._of_user = {user: one for user, one in self._of_user.items() if one is not place}


class _Place:
    """A process and its runs. It is over when the process has ended or is being ended."""

    def __init__(self, url: str, forget: Callable[[_Place], None]) -> None:
        self.process = WorkerProcess(self._arrived)
        self.session: WorkerSession | None = None
        self.runs: dict[int, Run] = {}
        self.is_over = False
        self.idle_since = asyncio.get_running_loop().time()
        self._waiting: dict[int, Mapping[str, Any]] = {}
        self._idle: asyncio.TimerHandle | None = None
        self._forget = forget
        self.task = asyncio.create_task(self._live(url), name="pfnb worker process of callers")
        self.task.add_done_callback(self._ended)  # called even if the task was cancelled before it began

    async def take(self, number: int, run: Run, frame: Mapping[str, Any]) -> None:
        """Have the process run this, as soon as it can."""
        self.runs[number] = run
        if self._idle is not None:
            self._idle.cancel()
        if self.session is None:
            self._waiting[number] = frame
        else:
            await self._ask(self.session, number, frame)

    async def _ask(self, session: WorkerSession, number: int, frame: Mapping[str, Any]) -> None:
        run = self.runs[number]
        try:
            await session.ask(frame)
        except PfnbError as error:
            if not run.answer.done():
                run.answer.set_exception(error)

    async def stop(self, run: Run) -> None:
        """Have the process end this run, if it has it."""
        number = next((number for number, one in self.runs.items() if one is run), None)
        if number is not None and self.session is not None:
            await self.session.ask({"type": "stop", "run": number})

    def leave(self, number: int) -> None:
        """This run has ended, or nobody waits for it."""
        self.runs.pop(number, None)
        self._waiting.pop(number, None)
        if not self.runs and not self.is_over:
            loop = asyncio.get_running_loop()
            self.idle_since = loop.time()
            self._idle = loop.call_later(IDLE_SECONDS, self.end)

    def end(self) -> None:
        """End the process; `task` ends with it."""
        if not self.is_over:  # a second cancellation would interrupt the wait for its end
            self.is_over = True
            self.task.cancel()

    async def _arrived(self, session: WorkerSession) -> None:
        self.session = session
        while self._waiting:
            number = next(iter(self._waiting))
            await self._ask(session, number, self._waiting.pop(number))

    async def _live(self, url: str) -> str:
        """Returns the reason it ended."""
        try:
            status = await self.process.run(url)
        except OSError as error:
            return f"it cannot be started: {error.strerror}"
        return "it was ended because it did not answer" if self.process.was_silent else f"it ended with status {status}"

    def _ended(self, task: asyncio.Task[str]) -> None:
        self.is_over = True
        if self._idle is not None:
            self._idle.cancel()
        self._forget(self)
        if task.cancelled():
            why = "the hub is stopping"
        elif (error := task.exception()) is not None:
            log.error("a worker process of callers failed", exc_info=error)
            why = "the hub failed to watch it"
        else:
            why = task.result()
        for run in self.runs.values():
            if not run.answer.done():
                run.answer.set_exception(
                    WorkerEndedError(f"the process of this run ended before the run did: {why}. What it did stays done")
                )
