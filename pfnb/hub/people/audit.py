"""The audit log of a hub: who changed whose rights, who was admitted and who was refused. One JSON object per line, kept next
to the data; it is never sent anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from pfnb.hub.origin import Origin

log = logging.getLogger("pfnb.hub")
FILE = "audit.log"
_SIZE = 10 * 1024 * 1024
_FILES = 5
MAX_TEXT = 300
MAX_ITEMS = 50
"""Limits of an entry: characters of a text, items of a list. An entry says what happened, and contains nobody's data."""
REFUSALS = frozenset({"refused", "login.failed"})
"""Events that anybody can cause as often as they like."""
MAX_REFUSALS = 100
WINDOW_SECONDS = 600.0
"""At most this many of these entries are written per user in this time; the next entry says how many were left out. So nobody
can push other entries out of the log."""
MAX_ENTRIES = 2_000
DAY_SECONDS = 24 * 3600.0
"""The same for all other events, each counted separately: pushing others out would take weeks."""
MAX_WINDOWS = 1_000


@dataclass(slots=True)
class _Window:
    began: float
    written: int = 0
    left_out: int = 0


class Audit:
    """`folder` holds the log, readable by its owner only; without it, entries go to Python's log only."""

    def __init__(self, folder: Path | None) -> None:
        self._handler: RotatingFileHandler | None = None
        self._windows: dict[tuple[str, str], _Window] = {}
        if folder is not None:
            (folder / FILE).touch(mode=0o600)
            self._handler = _Private(folder / FILE, maxBytes=_SIZE, backupCount=_FILES, encoding="utf-8")

    async def note(self, event: str, user: str, origin: Origin, **facts: Any) -> bool:
        """Add an entry. `user` is who the hub knows is asking, "" if nobody; `facts` may contain anything they sent. False if the
        entry was left out because there were too many."""
        known = {"time": round(time.time() * 1000), "event": event, "user": user, **origin.to_json()}
        entry = {**facts, **known}
        window = self._window(event, user)
        if window.written >= (MAX_REFUSALS if event in REFUSALS else MAX_ENTRIES):
            window.left_out += 1
            return False
        window.written += 1
        if window.left_out:
            entry["leftOut"], window.left_out = window.left_out, 0
        await self._write({name: _bounded(value) for name, value in entry.items()})
        return True

    async def refused(self, user: str, origin: Origin, *, acting_as: str | None, **facts: str | None) -> None:
        """Note that a run was refused a `command` of `pipeline` at `trace_id`, for lack of the role `missing`. These, and the
        user it acts as, are the session's claims."""
        said = {name: _plain(value) for name, value in facts.items()}
        facts["traceId"] = facts.pop("trace_id", None)
        if await self.note("refused", user, origin, actingAs=acting_as, **facts):
            log.warning(
                "%s may not run %s (pipeline %s, trace %s): missing %s",
                _plain(acting_as or user),
                *(said.get(name) for name in ("command", "pipeline", "trace_id", "missing")),
            )

    def _window(self, event: str, user: str) -> _Window:
        """How many of these entries there were recently."""
        now = time.monotonic()
        window = self._windows.get((event, user))
        if window is None:
            if len(self._windows) >= MAX_WINDOWS:
                self._windows.pop(next(iter(self._windows)))
            window = self._windows[event, user] = _Window(now)
        elif now - window.began > (WINDOW_SECONDS if event in REFUSALS else DAY_SECONDS):
            window.began, window.written = now, 0
        return window

    async def _write(self, entry: dict[str, Any]) -> None:
        # As ASCII JSON, so that no text in it can begin a new line, here or in Python's log.
        line = json.dumps(dict(sorted(entry.items(), key=_rank)))
        log.info("audit: %s", line)
        if self._handler is not None:
            await asyncio.to_thread(self._handler.handle, _record(line))

    def close(self) -> None:
        """Before closing, write how many entries were left out since the log last reported that."""
        if self._handler is None:
            return
        for (event, user), window in self._windows.items():
            if window.left_out:
                entry = {"time": round(time.time() * 1000), "event": event, "user": user, "leftOut": window.left_out}
                self._handler.handle(_record(json.dumps(entry)))
        self._handler.close()


class _Private(RotatingFileHandler):
    """Files that only their owner can read, also after rotation."""

    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as its base class
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        return stream

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its base class's
        log.exception("an entry of the audit log could not be written: %s", record.getMessage())


def _plain(value: str | None) -> str | None:
    """A text made safe for Python's log, on one line."""
    return None if value is None else "".join(one if one.isprintable() else "�" for one in value[:MAX_TEXT])


def _record(line: str) -> logging.LogRecord:
    return logging.LogRecord("pfnb.audit", logging.WARNING, "", 0, line, None, None)


_FIRST = ("time", "event", "user")


def _rank(item: tuple[str, Any]) -> int:
    return _FIRST.index(item[0]) if item[0] in _FIRST else len(_FIRST)


def _bounded(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value[:MAX_ITEMS]]
    if isinstance(value, Mapping):
        return _bounded(list(value.items()))
    text = str(value)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"
