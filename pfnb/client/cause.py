"""The delivery that the code running now was started for. From it the hub counts the length of a chain of events."""

from __future__ import annotations

from contextvars import ContextVar

CAUSE: ContextVar[str | None] = ContextVar("pfnb_cause", default=None)
"""The number of the delivery; also visible in threads and tasks of the run."""
