"""The runs of stored pipelines: each begins as anonymousUser with an event, and its end is told to the hub."""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from typing import Any

from pfnb.exceptions import AccessDeniedError, BusyError, PfnbError
from pfnb.kernel.contents import Unreadable
from pfnb.kernel.event import Event
from pfnb.kernel.journal import note
from pfnb.kernel.outcome import failed, succeeded, unexpected
from pfnb.kernel.port import Caller, ForOwner, SessionPort
from pfnb.language.calls import LARGE
from pfnb.language.offload import maybe_threaded
from pfnb.language.parser import parse_pipeline
from pfnb.language.payload import event_body
from pfnb.language.port import ANONYMOUS, User
from pfnb.language.runner import Runner

MAX_PARSED = 2_000
"""Pipelines that are kept as parsed."""


class Runs:
    """All methods belong to the loop."""

    def __init__(self, runner: Runner, hub: Caller) -> None:
        self._runner = runner
        self._hub = hub
        self._parse = lru_cache(MAX_PARSED)(partial(parse_pipeline, registry=runner.registry))
        self._running: dict[str, set[asyncio.Task[None]]] = {}

    def take(self, delivery: dict[str, Any]) -> None:
        """Begin a run."""
        task = asyncio.create_task(self._work(delivery))
        running = self._running.setdefault(delivery["listener"], set())
        running.add(task)
        task.add_done_callback(running.discard)

    def cut_off(self, name: str) -> None:
        """The pipeline was deleted, or is another now."""
        for task in self._running.pop(name, ()):
            task.cancel()

    async def _work(self, delivery: dict[str, Any]) -> None:
        held = {"delivery": delivery["delivery"], "lease": delivery["lease"]}
        outcome = await self._outcome(delivery)
        while True:
            try:
                await self._hub.call("finish_delivery", {**held, **outcome})
            except AccessDeniedError:
                return  # It was handed out again meanwhile: the pipeline has changed.
            except BusyError as error:
                await asyncio.sleep(error.retry_after)
            except PfnbError as error:
                if outcome["status"] == "failed":
                    raise
                outcome = failed(error)  # The hub cannot take this result. The delivery has to end all the same.
            else:
                return

    async def _outcome(self, delivery: dict[str, Any]) -> dict[str, Any]:
        """How the run ended. Also failing is an end."""
        name, entry, data = delivery["listener"], delivery["entry"], delivery["event"]
        source, owner = delivery["source"], delivery["owner"]
        try:
            pipeline = await maybe_threaded(len(source) > LARGE, partial(self._parse, source))
            result = await self._runner.run(
                pipeline,
                user=ANONYMOUS,
                owner=User(owner["name"], frozenset(owner["roles"])),
                hub=SessionPort(ForOwner(self._hub, owner["name"])),
                body=event_body(data),
                event=Event(entry, data, Unreadable()),
                log=lambda level, message: note(level, name, message, entry["traceId"]),
                name=name,
            )
        except Exception as error:
            # There is nobody that waits: the hub's record tells.
            failure = error if isinstance(error, PfnbError) else unexpected(error)
            note("ERROR", name, f"failed: {type(failure).__name__}: {failure}", entry["traceId"])
            return failed(failure)
        return succeeded(result)
