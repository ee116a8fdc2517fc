"""Events in a notebook: firing one, waiting for one, and the list of a webhook's log."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pfnb.client.event import Event
from pfnb.client.rows import Rows
from pfnb.exceptions import WaitTimeoutError
from pfnb.kernel.board.progress import progress
from pfnb.kernel.notebook import Notebook
from pfnb.language.plain import plain
from pfnb.rows.event import EventRow, ReadEvent
from pfnb.rows.webhook import RefusedRow

WAIT_SECONDS = 60.0
"""The default timeout of a wait."""
_ROUND = 10.0
"""The longest single call of a wait, in seconds: short, so that a wait survives a restart of the hub."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event that was fired. `created` is in milliseconds since the epoch."""

    key: str
    id: str = field(repr=False)
    trace_id: str = field(repr=False)
    correlation_id: str = field(repr=False)
    created: int = field(repr=False)


class Events(Rows[EventRow]):
    """Log rows (as HTTP's webhook.receive.logs gives them), shown as an unfolding table; `refused` are a webhook's refusals."""

    def __init__(self, rows: Iterable[EventRow], refused: Iterable[RefusedRow] = ()) -> None:
        super().__init__(rows)
        self.refused = tuple(refused)

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import events_bundle

        return events_bundle(self, refused=self.refused)


def send(notebook: Notebook, key: str, payload: Any = None) -> SentEvent:
    """Fire an event as this notebook's user."""
    sent = notebook.run_sync(notebook.hub.send_event(key, plain(payload, "the payload", with_bytes=False)))
    return SentEvent(sent["eventKey"], sent["id"], sent["traceId"], sent["correlationId"], sent["created"])


def wait(notebook: Notebook, key: str, timeout: float) -> Event:
    """The oldest event of this key (`*` and `#` as in topics) since the session began that no wait has returned yet. Returns
    once its deliveries to this notebook have ended; WaitTimeoutError after `timeout` seconds."""
    __tracebackhide__ = True
    return notebook.run_sync(wait_for(notebook, key, timeout))


async def wait_for(notebook: Notebook, key: str, timeout: float) -> Event:  # noqa: ASYNC109 - what it says when it is over differs
    """The same, on pfnb's loop."""
    began = time.monotonic()

    def say() -> str:
        running = notebook.deliveries.running()
        at_work = f"; running: {', '.join(running)}" if running else ""
        return f"waiting for {key}, {time.monotonic() - began:.0f} of {timeout:g} s{at_work}"

    async with progress(notebook, say):
        while True:
            row = await _next(notebook, key, timeout, began)
            if row["id"] not in notebook.waited_for:  # another wait may have returned it meanwhile
                notebook.waited_for.append(row["id"])
                data = row.pop("event")  # type: ignore[misc]  # it is not part of the row of an `Event`
                return Event(row, data, notebook.contents)


async def _next(notebook: Notebook, key: str, seconds: float, began: float) -> ReadEvent:
    end = began + seconds
    since = notebook.session.since
    while True:
        left = max(0.0, min(end - time.monotonic(), _ROUND))
        try:
            return await notebook.hub.next_event(key, since=since, exclude=notebook.waited_for, seconds=left)
        except WaitTimeoutError:
            if time.monotonic() >= end:
                raise WaitTimeoutError(
                    f"no event of {key} was received and processed within {seconds:g} s; a larger timeout= waits longer"
                ) from None
