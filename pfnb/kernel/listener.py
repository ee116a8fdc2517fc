"""A pipeline of this notebook that listens: what the kernel keeps of it, and how one delivery to it is run."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.kernel.board import Board
from pfnb.kernel.contents import Contents
from pfnb.kernel.event import Event
from pfnb.kernel.failures import explained
from pfnb.kernel.handler import without_place
from pfnb.kernel.journal import note
from pfnb.kernel.outcome import failed, succeeded, unexpected
from pfnb.language.parser import parse_pipeline
from pfnb.language.payload import event_body
from pfnb.language.pipeline import Block, Pipeline, Step
from pfnb.language.port import HubPort, User
from pfnb.language.runner import Runner

FIRST_LINE = 2
"""Lines of a cell count from its magic, as JupyterLab shows them."""
_REMEMBERED = 30.0


@dataclass(eq=False, slots=True)
class Listener:
    """`user` is whom its runs begin as, `context` that of the cell that defined it: what a run prints belongs there.

    `is_function`: the pipeline was made around a Python function, and nobody has seen its text.
    """

    name: str
    pipeline: Pipeline
    user: User
    owner: User
    context: contextvars.Context
    board: Board
    is_function: bool = False
    refused: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Ends of runs that the hub did not take, since the connection had broken: it hands over the same deliveries again."""
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

    def remember(self, delivery: str, outcome: dict[str, Any]) -> None:
        """For a while only: handed over later than that, it is meant to run again."""
        self.refused[delivery] = outcome
        asyncio.get_running_loop().call_later(_REMEMBERED, self.refused.pop, delivery, None)

    async def run(self, delivery: dict[str, Any], runner: Runner, hub: HubPort, contents: Contents) -> dict[str, Any]:
        """Run the pipeline for a delivery; how it ended, as `finish_delivery` wants it. Also failing is an end."""
        data, entry = delivery["event"], delivery["entry"]
        self.board.show(entry, data, "running")
        try:
            self._refresh(runner)
            result = await runner.run(
                self.pipeline,
                user=self.user,
                owner=self.owner,
                hub=hub,
                body=event_body(data),
                event=Event(entry, data, contents),
                log=partial(self._log, entry["traceId"]),
                name=self.name,
            )
        except Exception as error:
            # Nothing but the board and the hub's record can tell: there is no cell that waits.
            failure = error if isinstance(error, PfnbError) else unexpected(error)
            if self.is_function:
                failure = without_place(failure)
            explanation = explained(failure, self.pipeline.source, FIRST_LINE)
            self.board.show(entry, data, "failed", failure.to_json(), explanation)
            note("ERROR", self.name, f"failed: {type(failure).__name__}: {failure}", entry["traceId"])
            return failed(failure)
        if result.skipped:
            self.board.forget(entry["id"])
        else:
            self.board.show(entry, data, "succeeded")
        return succeeded(result)

    def _log(self, trace_id: str, level: str, message: str) -> None:
        self.board.log(level, message)
        note(level, self.name, message, trace_id)

    def _refresh(self, runner: Runner) -> None:
        """Take commands that were defined again since; PfnbError if the pipeline does not fit them."""
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
