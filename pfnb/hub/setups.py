"""Setup pipelines of apps: those at `global/app/<app>/setup/<name>` that do not listen. They run as their owner, one by one,
when they are saved and when the hub starts. Write them in such a way that running them again does no harm."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.hub.keeping.properties import Properties
from pfnb.hub.origin import Origin
from pfnb.hub.people.users import Users
from pfnb.hub.records.property import Property
from pfnb.hub.records.property_path import relative_path
from pfnb.hub.workers.callers import Answer, Run

log = logging.getLogger("pfnb.setup")

_PATTERN = "global/app/*/setup/**"
_SETUP = re.compile(r"global/app/[^/]+/setup/.+")
STARTED, STARTING, FINISHED = "hub.context.started", "setup.starting", "setup.finished"


class Setups:
    """`namespace` and `owner` are the hub's. `run` runs a pipeline in a worker, `listens` says whether the stored pipeline of a
    path listens, `fire` sends an event that has a listener."""

    def __init__(
        self,
        namespace: str,
        owner: str,
        properties: Properties,
        users: Users,
        *,
        run: Callable[[Run, dict[str, Any]], Awaitable[Answer]],
        listens: Callable[[str], bool],
        fire: Callable[[str, Any, str], Awaitable[None]],
    ) -> None:
        self._namespace = namespace
        self._owner = owner
        self._properties = properties
        self._users = users
        self._ask = run
        self._listens = listens
        self._fire = fire
        self._due: dict[tuple[str, str], None] = {}
        self._failed: dict[tuple[str, str], str] = {}
        self._task: asyncio.Task[object] | None = None
        self._begun = False

    def trouble(self, owner: str) -> list[str]:
        return [
            f"the setup pipeline {path} failed: {reason}"
            for (name, path), reason in self._failed.items()
            if name == owner
        ]

    def begin(self) -> None:
        """Workers can run pipelines now: run all setups once."""
        if not self._begun:
            self._begun = True
            self._task = asyncio.create_task(self._start(), name="pfnb setup")

    async def end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def changed(self, saved: Iterable[Property], gone: Iterable[str]) -> None:
        """These properties were saved, and those paths are empty now."""
        for path in gone:
            relative = relative_path(path, self._namespace)
            self._failed = {key: why for key, why in self._failed.items() if key[1] != relative}
        for one in saved:
            path = relative_path(one.path, self._namespace)
            if one.is_pipeline and _SETUP.fullmatch(path):
                self._due[one.owner, path] = None
        if self._begun and self._due and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run_due(), name="pfnb setup")

    async def _start(self) -> None:
        for owner in sorted({self._owner, *(account.name for account in self._users.accounts())}):
            found = await self._properties.find(_PATTERN, owner)
            if found:
                await self._fire(STARTING, {"pipelines": len(found)}, owner)
                self._due.update(dict.fromkeys((owner, relative_path(one.path, self._namespace)) for one in found))
                failed = await self._run_due()
                await self._fire(FINISHED, {"pipelines": len(found), "failed": failed[owner]}, owner)
            await self._fire(STARTED, {"namespace": self._namespace}, owner)
        await self._run_due()

    async def _run_due(self) -> Counter[str]:
        """Run what is due, by path. Returns how many failed, by owner."""
        failed: Counter[str] = Counter()
        while self._due:
            owner, path = min(self._due)
            del self._due[owner, path]
            try:
                reason = await self._run(owner, path)
            except PfnbError as error:
                reason = error.message
            self._failed.pop((owner, path), None)
            if reason is not None:
                failed[owner] += 1
                self._failed[owner, path] = reason
                log.warning("the setup pipeline %s of %s failed: %s", path, owner, reason)
        return failed

    async def _run(self, owner: str, path: str) -> str | None:
        """Run one. Returns why it failed; None if it did not, or if it is gone or listens."""
        found = next(iter(await self._properties.find(path, owner)), None)
        if found is None or not found.is_pipeline or found.source is None or self._listens(path):
            return None
        user = self._users.user(owner)
        run = Run(user, self._users.uuid_of(owner), Origin("worker"), path)
        asked = {"name": user.name, "roles": sorted(user.roles)}
        answer = await self._ask(run, {"user": asked, "name": path, "pipeline": found.source, "vars": {}, "body": None})
        return None if answer.status < 400 else _reason(answer)


def _reason(answer: Answer) -> str:
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(answer.body)["statusMessage"])
    return f"status {answer.status}"
