"""One front end that has an inspector open: it is answered when it asks, and told what changes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.kernel.port import SessionPort
from pfnb.kernel.widgets.answers import Answers
from pfnb.kernel.widgets.facts import row_facts
from pfnb.kernel.widgets.watch import Change, changes

Tell = Callable[[dict[str, Any], list[bytes]], None]
"""Sends a message with its buffers."""
_UNDER_WAY = 32
_UNHEARD = 4_000_000
"""Characters told to a front end that says nothing: a page that was closed must not fill the server's memory."""
_PAUSE = 0.03
_PATIENCE = 4.0
"""Telling rests for so many times the time it took: a flood of events goes to the pipelines first."""


class Viewer:
    """`name` is the front end's own for itself. The methods belong to the background loop."""

    def __init__(self, name: str, hub: SessionPort, filter: Mapping[str, Any], tell: Tell) -> None:  # noqa: A002
        self._name = name
        self._hub = hub
        self._answers = Answers(hub, filter)
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._unheard = 0
        self._heard = asyncio.Event()

    def take(self, question: Mapping[str, Any]) -> None:
        """Answer in a while. Whatever is asked also says that somebody is there."""
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
            self._say({"number": question.get("number"), "error": "too much was asked at once: ask again in a moment"})

    def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    async def _watch(self, turn: Any) -> None:
        """Tell the list, and then what changes in it. What is told carries the number of the question that began it."""
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
            # Somebody waits for an answer, whatever went wrong.
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
