"""Events in a notebook: firing one, waiting for one, and the list that logs are."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from pfnb.exceptions import WaitTimeoutError
from pfnb.kernel.event import Event
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.rows import Rows

_ROUND = 10.0
"""Seconds that one question to the hub may take: a wait outlives a hub that restarts."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event that was fired. `created` is in milliseconds since the epoch."""

    key: str
    id: str = field(repr=False)
    trace_id: str = field(repr=False)
    correlation_id: str = field(repr=False)
    created: int = field(repr=False)


class Events(Rows[dict[str, Any]]):
    """Log rows (HTTP's webhook.receive.logs), shown as a table that unfolds."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.kernel.display import events_bundle

        return events_bundle(self)


def send(notebook: Notebook, key: str, payload: Any = None) -> SentEvent:
    """Fire an event as this notebook's user."""
    sent = notebook.run_sync(notebook.hub.send_event(key, payload))
    return SentEvent(sent["eventKey"], sent["id"], sent["traceId"], sent["correlationId"], sent["created"])


def wait(notebook: Notebook, key: str, timeout: float) -> Event:
    """The oldest event of this key (`*` and `#` as in topics) accepted since the session began and not yet returned by a
    wait, once its deliveries to this notebook have ended. WaitTimeoutError after `timeout` seconds."""
    row = notebook.run_sync(_next(notebook, key, timeout))
    notebook.waited_for.append(row["id"])
    data = row.pop("event")
    return Event(row, data, notebook)


async def _next(notebook: Notebook, key: str, seconds: float) -> dict[str, Any]:
    end = time.monotonic() + seconds
    since = notebook.session.since
    while True:
        left = max(0.0, min(end - time.monotonic(), _ROUND))
        try:
            return await notebook.hub.next_event(key, since=since, exclude=notebook.waited_for, seconds=left)
        except WaitTimeoutError:
            if time.monotonic() >= end:
                raise WaitTimeoutError(
                    f"no event of {key} came and was worked on within {seconds:g} seconds: timeout= waits longer"
                ) from None
