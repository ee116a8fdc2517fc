"""The audit log of a hub: who was refused what. One JSON object a line, kept beside the data; it is never sent anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

log = logging.getLogger("pfnb.hub")
FILE = "audit.log"
_SIZE = 10 * 1024 * 1024
_FILES = 5


class Audit:
    """`folder` is where the log lies, readable by its owner alone; without one, refusals are told to Python's log only."""

    def __init__(self, folder: Path | None) -> None:
        self._handler: RotatingFileHandler | None = None
        if folder is not None:
            (folder / FILE).touch(mode=0o600)
            self._handler = _Private(folder / FILE, maxBytes=_SIZE, backupCount=_FILES, encoding="utf-8")

    async def refused(
        self, *, user: str, command: str, pipeline: str | None, trace_id: str | None, missing: str
    ) -> None:
        """Note that a user may not run a command. `missing` is the role that would allow it."""
        entry = {
            "time": round(time.time() * 1000),
            "event": "refused",
            "user": user,
            "command": command,
            "pipeline": pipeline,
            "traceId": trace_id,
            "missing": missing,
        }
        log.warning("%s may not run %s (pipeline %s, trace %s): missing %s", user, command, pipeline, trace_id, missing)
        if self._handler is not None:
            record = logging.LogRecord("pfnb.audit", logging.WARNING, "", 0, json.dumps(entry), None, None)
            await asyncio.to_thread(self._handler.handle, record)

    def close(self) -> None:
        if self._handler is not None:
            self._handler.close()


class _Private(RotatingFileHandler):
    """Files that its owner alone can read, also after they were rotated."""

    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as its base class
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        return stream
