"""One front end that has an inspector open: answers its questions and sends it changes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.http.protocol import KernelPort
from pfnb.kernel.widgets.answers import Answers, Stop
from pfnb.kernel.widgets.facts import row_facts
from pfnb.kernel.widgets.watch import Change, changes
from pfnb.rows.event import Filter

Tell = Callable[[dict[str, Any], list[bytes]], None]
"""Sends a message with its buffers."""
_UNDER_WAY = 32
_UNHEARD = 4_000_000
"""The most characters sent to a silent front end: a page that was closed must not fill the server's memory."""
_PAUSE = 0.03
_REFUSED_PAUSE = 0.2
_PATIENCE = 4.0
"""Pause after sending changes, as a multiple of the time it took: in a flood of events the pipelines come first."""


class Viewer:
    """`name` is what the front end calls itself. Call the methods on the background loop."""

    def __init__(
        self,
        name: str,
        hub: KernelPort,
        filter: Filter,  # noqa: A002
        tell: Tell,
        stop: Stop,
    ) -> None:
        self._name = name
        self._hub = hub
        self._answers = Answers(hub, filter, stop)
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._unheard = 0
        self._heard = asyncio.Event()

    def take(self, question: Mapping[str, Any]) -> None:
        """Answer a question later, as a task. Any question also shows that the front end is alive."""
        self._unheard = 0
        self._heard.set()
        ask = question.get("ask")
        if ask in ("open", "list"):
            if ask == "list":
                self._answers.narrow(question.get("with") or {})
            if self._watching is not None:
                self._watching.cancel()
            self._watching = self._spawn(self._watch(question.get("number")))
        elif ask != "here" and len(self._tasks) < _UNDER_WAY:
            self._spawn(self._answer(question))
        elif ask != "here":
            self._say({"number": question.get("number"), "error": "too many questions at once: ask again in a moment"})

    def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    async def _watch(self, turn: Any) -> None:
        """Send the list, then its changes. Each message has, as `turn`, the number of the question that asked for the list."""
        self._say({"told": "filter", "turn": turn, "filter": self._answers.told()})
        async for change in changes(self._hub, self._answers.filter):
            try:
                await self._tell_change(change, turn)
            except PfnbError as error:
                self._say({"told": "problem", "message": error.message, "turn": turn})
            while self._unheard > _UNHEARD:
                self._heard.clear()
                await self._heard.wait()

    async def _tell_change(self, change: Change, turn: Any) -> None:
        if change.problem:
            self._say({"told": "problem", "message": change.problem, "turn": turn})
        elif change.refused is not None:
            self._say({"told": "refused", "count": change.refused, "turn": turn})
            await asyncio.sleep(_REFUSED_PAUSE)
        elif change.lost:
            self._say({"told": "list", **(await self._answers.page())[0], "turn": turn})
        else:
            began = time.monotonic()
            listed = [row for row in change.rows if self._answers.admits(row)]
            gone = [row["id"] for row in change.rows if not self._answers.admits(row)]
            self._say({"told": "rows", "rows": [row_facts(row) for row in listed], "gone": gone, "turn": turn})
            await asyncio.sleep(max(_PAUSE, _PATIENCE * (time.monotonic() - began)))

    async def _answer(self, question: Mapping[str, Any]) -> None:
        answer: dict[str, Any] = {"number": question.get("number")}
        buffers: list[bytes] = []
        try:
            answer["value"], buffers = await self._answers.of(question)
        except PfnbError as error:
            answer["error"] = error.message
        except Exception as error:
            # Answer in any case: the front end waits for it.
            answer["error"] = f"{type(error).__name__}: {error}"
        self._say(answer, buffers)

    def _say(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        if "told" in message:
            self._unheard += len(json.dumps(message))
        self._tell({"viewer": self._name, **message}, buffers or [])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
