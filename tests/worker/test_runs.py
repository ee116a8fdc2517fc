"""Runs for callers in a worker: how they end when nobody waits for them any more."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from typing import Any

from pfnb import functions
from pfnb.commands import load
from pfnb.exceptions import AccessDeniedError
from pfnb.language.running.runner import Runner
from pfnb.worker.runs import Runs


class LeftHub:
    """A hub whose callers have all left."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.answers: list[str] = []

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"") -> Any:
        self.called.set()
        if method == "answer_run":
            self.answers.append(method)
            raise AccessDeniedError("this worker does not have this run")


def asked(*steps: str) -> dict[str, Any]:
    text = "\n  - ".join(["pipeline:", *steps])
    return {"run": 1, "user": {"name": "ada", "roles": ["CAN_PIPE_%"]}, "name": None, "body": None, "pipeline": text}


async def test_an_answer_that_nobody_waits_for_leaves_no_error_behind() -> None:
    hub, problems = LeftHub(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    runs = Runs(Runner(load(), functions.registry), hub)
    runs.take_callers(asked("body.set: x"))
    while asyncio.all_tasks() != {asyncio.current_task()}:
        await asyncio.sleep(0.01)
    gc.collect()
    assert (hub.answers, problems) == (["answer_run"], [])


async def test_a_run_that_is_stopped_ends_at_once_and_sends_no_answer() -> None:
    hub = LeftHub()
    runs = Runs(Runner(load(), functions.registry), hub)
    runs.take_callers(asked("hub.status:", "wait: {ms: 60000}"))
    await hub.called.wait()
    runs.stop_caller(1)
    async with asyncio.timeout(10):
        while asyncio.all_tasks() != {asyncio.current_task()}:
            await asyncio.sleep(0.01)
    assert hub.answers == []
    runs.stop_caller(1)
