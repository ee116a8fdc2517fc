"""A listening pipeline of this notebook: what the kernel keeps of it, and how it runs one delivery."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from pfnb.client.attempt import attempt
from pfnb.client.contents import Contents
from pfnb.client.delivery import body_of, event_of, handed_events
from pfnb.client.journal import note
from pfnb.client.outcome import failed
from pfnb.exceptions import PfnbError, StepError
from pfnb.kernel.board.board import Board
from pfnb.kernel.listening.python_listener import without_place
from pfnb.kernel.loop.failures import explained
from pfnb.language.pipeline import Block, Pipeline, Step
from pfnb.language.port import HubPort, User
from pfnb.language.reading.parser import parse_pipeline
from pfnb.language.run import RunResult
from pfnb.language.running.runner import Runner
from pfnb.language.threads import Threads
from pfnb.rows.error import ErrorRow
from pfnb.rows.run import DeliveryFrame, Failed, Outcome

FIRST_LINE = 2
"""The magic is line 1 of its cell, as JupyterLab counts."""
_REMEMBERED = 30.0
THREADS = 32
"""At most this many per listener."""


@dataclass(eq=False, slots=True)
class Listener:
    """`user` is the user its runs begin as; `context` is that of the cell that defined it, where its output belongs.

    `is_function`: the pipeline was generated for a Python function, and nobody has seen its text.
    """

    name: str
    pipeline: Pipeline
    user: User
    owner: User
    context: contextvars.Context
    board: Board
    is_function: bool = False
    refused: dict[tuple[str, ...], Outcome] = field(default_factory=dict)
    """Outcomes that could not be reported because the connection broke. The hub hands over the same deliveries again."""
    threads: Threads = field(default_factory=lambda: Threads("pfnb-step", threads=THREADS, share=THREADS))
    """Threads for its commands only: commands that never end do not block other listeners."""
    turn: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.turn = asyncio.Semaphore(self.concurrency)

    @property
    def pattern(self) -> str:
        return self.pipeline.listen.event_key if self.pipeline.listen is not None else ""

    @property
    def concurrency(self) -> int:
        return self.pipeline.rules.concurrency

    @property
    def strict(self) -> bool:
        return self.pipeline.rules.strict

    @property
    def retry(self) -> dict[str, Any] | None:
        return None if self.pipeline.retry is None else asdict(self.pipeline.retry)

    @property
    def gathering(self) -> dict[str, Any] | None:
        gathering = self.pipeline.rules.gathering
        return None if gathering is None else gathering.to_json()

    def remember(self, delivery: tuple[str, ...], outcome: Outcome) -> None:
        """Keep an outcome that could not be reported, for a while. A delivery handed over later than that runs again."""
        self.refused[delivery] = outcome
        asyncio.get_running_loop().call_later(_REMEMBERED, self.refused.pop, delivery, None)

    async def run(self, delivery: DeliveryFrame, runner: Runner, hub: HubPort, contents: Contents) -> Outcome | None:
        """Run the pipeline for a delivery. Returns the outcome, success or failure, as `finish_deliveries` takes it; None if a
        fault of the connection to the hub broke the run off."""
        self._show(delivery, "running")
        outcome, failure = await attempt(partial(self._run, delivery, runner, hub, contents), delivery, hub)
        if outcome is None:
            self._show(delivery, "pending")
        elif failure is not None:
            explanation = explained(failure, self.pipeline.source, FIRST_LINE)
            self._show(delivery, "failed", failure.to_json(), explanation)
        elif outcome["status"] == "succeeded" and outcome["skipped"]:
            for one in handed_events(delivery):
                self.board.forget(one["entry"]["id"])
        else:
            self._show(delivery, "succeeded")
        return outcome

    def _show(self, delivery: DeliveryFrame, *state: Any) -> None:
        for one in handed_events(delivery):
            self.board.show(one["entry"], one["event"], *state)

    async def _run(self, delivery: DeliveryFrame, runner: Runner, hub: HubPort, contents: Contents) -> RunResult:
        try:
            self._refresh(runner)
            return await runner.run(
                self.pipeline,
                user=self.user,
                owner=self.owner,
                hub=hub,
                body=body_of(delivery, self.pipeline.listen),
                event=event_of(delivery, contents),
                log=partial(self._log, delivery["entry"]["traceId"]),
                name=self.name,
            )
        except PfnbError as error:
            if self.is_function:
                without_place(error)
            raise

    async def stopped(self, delivery: DeliveryFrame) -> Failed:
        """The outcome of a run that was stopped by hand."""
        return await self.broken_off(delivery, StepError("this run was stopped by a user"))

    async def broken_off(self, delivery: DeliveryFrame, failure: PfnbError) -> Failed:
        """The outcome of a run that was stopped, or whose result the hub cannot accept."""
        self._show(delivery, "failed", failure.to_json())
        note("ERROR", self.name, failure.message, delivery["entry"]["traceId"])
        return await failed(failure)

    def set_aside(self, delivery: DeliveryFrame, error: ErrorRow) -> None:
        """Show that a delivery was ended for good, with this error."""
        self._show(delivery, "dead", error)
        note("ERROR", self.name, error["statusMessage"], delivery["entry"]["traceId"])

    def _log(self, trace_id: str, level: str, message: str) -> None:
        self.board.log(level, message)
        note(level, self.name, message, trace_id)

    def _refresh(self, runner: Runner) -> None:
        """Pick up commands that were redefined since; PfnbError if the pipeline does not fit them."""
        if not self.is_function and any(
            step.command is not runner.registry.get(step.command.name) for step in _steps(self.pipeline.steps)
        ):
            self.pipeline = parse_pipeline(self.pipeline.source, runner.registry, first_line=FIRST_LINE)


def _steps(items: tuple[Step | Block, ...]) -> Iterator[Step]:
    for item in items:
        if isinstance(item, Block):
            yield item.step
            for part in item.parts:
                yield from _steps(part.steps)
        else:
            yield item
