"""Hands each event of a key to a target, or answers it with a fixed answer, as a listener of the hub."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Protocol

from pfnb.client.attempt import report
from pfnb.client.ends import Ends
from pfnb.client.outcome import failed, unexpected
from pfnb.client.port import session_port
from pfnb.client.session import SERVERS_FAULT, Session
from pfnb.exceptions import AccessDeniedError, HubUnreachableError, OutboundError, PfnbError
from pfnb.http.protocol import KernelPort
from pfnb.language.media_types import OCTETS
from pfnb.language.retry import Retry
from pfnb.listen.answered import Answered
from pfnb.listen.report import Report
from pfnb.rows.event import EventRow
from pfnb.rows.run import DeliveryFrame, Outcome, ResponseRow

AT_ONCE = 10
"""Requests that are passed on at once."""
TOO_MANY = 429
LAST_SECONDS = 2.0
"""How long those under way may take once the user has ended the program."""


class Answerer(Protocol):
    """`place` names who answers, without secrets. A fixed answer is not shown."""

    place: str
    is_fixed: bool

    def open(self) -> None:
        """Begin with what the first answer needs."""
        ...

    async def answer(self, hub: KernelPort, event: EventRow) -> Answered: ...

    async def close(self) -> None: ...


class Fixed:
    """The same answer to every sender."""

    place = "itself"
    is_fixed = True

    def __init__(self, answer: Answered) -> None:
        self._answer = answer

    async def answer(self, hub: KernelPort, event: EventRow) -> Answered:  # noqa: ARG002
        return self._answer

    def open(self) -> None: ...

    async def close(self) -> None: ...


class Listener:
    """Call all methods on the loop. `retry` says how often to try again where no usable answer comes; without it every answer
    counts. `on_taken` is called when another `pfnb listen` has taken over."""

    def __init__(
        self, key: str, url: str, answerer: Answerer, report: Report, retry: Retry | None, on_taken: Callable[[], None]
    ) -> None:
        self.name = f"listen {key} {answerer.place} {sha256(url.encode()).hexdigest()[:6]}"[-200:]
        """The same for the same target: what came after a crash is passed on by the next start."""
        self._key = key
        self._answerer = answerer
        self._report = report
        self._retry = retry
        self._on_taken = on_taken
        self._frames: dict[str, DeliveryFrame] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_open = True

    async def open(self, session: Session) -> None:
        """Begin to listen, over the session whose deliveries `take` gets."""
        self._session = session
        self._hub = session_port(session)
        self._ends = Ends(session)
        retry = None if self._retry is None else {"times": self._retry.times, "wait": self._retry.wait, "backoff": 2}
        self._answerer.open()
        await session.register(self.name, {"pattern": self._key, "concurrency": AT_ONCE, "retry": retry})

    async def close(self) -> None:
        """Listen no more. What is under way has a moment to end."""
        is_taken, self._is_open = not self._is_open, False
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not is_taken:  # or the name is another's by now
            with suppress(PfnbError, TimeoutError):  # a hub that is gone has no more deliveries for us
                async with asyncio.timeout(LAST_SECONDS):
                    await self._session.unregister(self.name)
        await self._ends.close()
        await self._answerer.close()

    def take(self, delivery: DeliveryFrame) -> None:
        number = delivery["delivery"]
        is_under_way = number in self._frames
        self._frames[number] = delivery  # after a broken connection it comes again, under a new lease
        if not is_under_way:
            task = asyncio.get_running_loop().create_task(self._work(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def revoke(self, _name: str) -> None:
        if self._is_open:
            self._is_open = False
            self._on_taken()

    async def _work(self, number: str) -> None:
        try:
            async with self._places:
                frame = self._frames[number]
                if not self._report.wants(frame["entry"]):
                    return
                await self._report.event(self._hub, frame["entry"], is_first=frame["attempt"] == 1)
                await self._pass_on(number, frame["entry"], frame["attempt"])
        finally:
            del self._frames[number]

    async def _pass_on(self, number: str, row: EventRow, attempt: int) -> None:
        """One attempt: the answer, the end of the run, and what is shown of both."""
        began = time.monotonic()
        answer: Answered | None = None
        try:
            answer = await self._answerer.answer(self._hub, row)
            seconds = time.monotonic() - began
            if self._retry is not None and _is_worth_a_retry(answer.status):
                raise OutboundError(f"{self._answerer.place} answered {answer.status}")
            outcome: Outcome = _succeeded(await _response(self._hub, answer))
        except Exception as error:
            # Nobody waits for this task: only the display and the hub's record can report the error.
            failure = error if isinstance(error, PfnbError) else unexpected(error)
            outcome = await failed(failure)
        await self._send(number, outcome)
        is_last = outcome["status"] == "succeeded" or self._retry is None or attempt > self._retry.times
        if not self._answerer.is_fixed:
            if answer is not None:
                await self._report.answered(row, answer, seconds, attempt=attempt, is_last=is_last)
            else:
                await self._report.unanswered(row, failure, attempt=attempt, is_last=is_last)
        if is_last:
            self._report.ended()

    async def _send(self, number: str, outcome: Outcome) -> None:
        """Report the end to the hub. If the connection broke, the hub hands the event over again, and it is passed on again."""
        while True:
            frame = self._frames[number]
            try:
                return await report(self._ends, frame, outcome, failed)
            except (AccessDeniedError, HubUnreachableError):
                if self._frames[number] is frame:
                    return None


def _is_worth_a_retry(status: int) -> bool:
    return status == TOO_MANY or status >= SERVERS_FAULT


def _succeeded(response: ResponseRow) -> Outcome:
    return {"status": "succeeded", "value": None, "response": response, "steps": [], "skipped": False}


async def _response(hub: KernelPort, answer: Answered) -> ResponseRow:
    """The answer for a sender that waits, byte for byte: what is not UTF-8 travels as content."""
    try:
        body: object = answer.data.decode()
    except UnicodeDecodeError:
        body = await hub.put_content(answer.data, name="answer", content_type=OCTETS)
    return {"status": answer.status, "headers": answer.headers, "body": body}
