"""Takes what the hub hands over, has the right listener run it, and reports how each run ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import AccessDeniedError, BusyError, HubUnreachableError, PfnbError
from pfnb.kernel.contents import Contents
from pfnb.kernel.listener import Listener
from pfnb.kernel.outcome import failed
from pfnb.kernel.port import SessionPort
from pfnb.kernel.session import Session
from pfnb.language.runner import Runner


@dataclass(eq=False, slots=True)
class _Run:
    """`delivery` is as it was handed over last; `reported` the lease under which the hub took the end of this run."""

    listener: Listener
    delivery: dict[str, Any]
    task: asyncio.Task[None] | None = None
    reported: str | None = None

    @property
    def lease(self) -> str:
        return str(self.delivery["lease"])


class Deliveries:
    """The listeners of this kernel and their runs. All methods belong to the loop; call `attach` before the session opens."""

    def __init__(self, runner: Runner, contents: Contents) -> None:
        self._runner = runner
        self._contents = contents
        self._listeners: dict[str, Listener] = {}
        self._running: dict[str, _Run] = {}

    def __len__(self) -> int:
        """How many listeners there are."""
        return len(self._listeners)

    def attach(self, session: Session) -> None:
        self._session = session
        self._port = SessionPort(session)

    def set_listener(self, listener: Listener) -> Listener | None:
        """From now on deliveries to this name are its own. Runs of the one before it, which is returned, are cut off; the
        hub repeats them."""
        before = self.drop(listener.name)
        self._listeners[listener.name] = listener
        return before

    def drop(self, name: str) -> Listener | None:
        """Stop listening under this name and cut off its runs."""
        for run in self._running.values():
            if run.listener.name == name and run.task is not None:
                run.task.cancel()
        return self._listeners.pop(name, None)

    def revoke(self, name: str) -> None:
        """It was deleted, or another session has the name now: the hub refuses what we might still report."""
        listener = self.drop(name)
        if listener is not None:
            listener.board.close(f"{name} listens here no more")

    def listener(self, name: str) -> Listener | None:
        return self._listeners.get(name)

    def running(self) -> list[str]:
        """The names of the listeners that have work under way."""
        return sorted({run.listener.name for run in self._running.values()})

    async def take_leave(self) -> list[str]:
        """Have every board say that nothing will come any more; the names of the listeners."""
        names = sorted(self._listeners)
        await asyncio.gather(*(self._listeners[name].board.end(f"{name} listens here no more") for name in names))
        return names

    async def close(self) -> None:
        tasks = [run.task for run in self._running.values() if run.task is not None]
        for name in list(self._listeners):
            self.drop(name)
        await asyncio.gather(*tasks, return_exceptions=True)

    def take(self, delivery: dict[str, Any]) -> None:
        """Begin a run. One that is still running here, from before the connection broke, goes on under its new lease. One whose
        end the hub took already is to be tried again: it is run once more then."""
        number, listener = delivery["delivery"], self._listeners.get(delivery["listener"])
        if listener is None:
            return  # It was deleted while this was on its way, and its deliveries with it.
        running = self._running.get(number)
        if running is not None and running.listener is listener:
            running.delivery = delivery
            return
        run = self._running[number] = _Run(listener, delivery)
        work = self._work(run, delivery)
        run.task = asyncio.get_running_loop().create_task(work, context=listener.context.copy())

    async def _work(self, run: _Run, delivery: dict[str, Any]) -> None:
        number = delivery["delivery"]
        try:
            async with run.listener.turn:
                outcome = run.listener.refused.pop(number, None)
                if outcome is None:
                    outcome = await run.listener.run(delivery, self._runner, self._port, self._contents)
            await self._finish(run, number, outcome)
        finally:
            if self._running.get(number) is run:
                del self._running[number]
        if run.reported not in (None, run.lease):
            self.take(run.delivery)  # handed over once more before we learned that the hub took the end of this run

    async def _finish(self, run: _Run, number: str, outcome: dict[str, Any]) -> None:
        while True:
            lease = run.lease
            try:
                await self._session.call("finish_delivery", {"delivery": number, "lease": lease, **outcome})
                run.reported = lease
            except (AccessDeniedError, HubUnreachableError):
                if lease != run.lease:
                    continue  # Handed over again while we were reporting under the old lease.
                # The connection had broken meanwhile. If the hub hands it over again, its end is known.
                run.listener.remember(number, outcome)
            except BusyError as error:
                await asyncio.sleep(error.retry_after)
                continue
            except PfnbError as error:
                if outcome["status"] == "failed":
                    raise
                outcome = failed(error)  # The hub cannot take this result. The delivery has to end all the same.
                continue
            return
