"""The display under a listener's cell, updated as deliveries begin and end and as code prints."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pfnb.client.contents import Contents
from pfnb.kernel.board.figures import Figure, Figures
from pfnb.kernel.board.picture import Picture, Shown, picture_bundle
from pfnb.kernel.board.printed import Printed
from pfnb.kernel.board.screen import Place
from pfnb.rows.delivery import DeliveryStatus
from pfnb.rows.error import ErrorRow
from pfnb.rows.event import EventObject, EventRow

EVENTS = 20
_INTERVAL = 0.2
_PATIENCE = 5.0
"""Pause between redraws, as a multiple of the time that drawing took: in a flood of events the pipeline comes first."""
_BODY = 64 * 1024
"""Payloads up to this many bytes are kept for display."""


class Board:
    """The last events of one listener, newest first, and the last of what it logged, printed and displayed.

    `place` is None where displays cannot be replaced, as in a terminal. Call the methods on `loop`; only `log` and the
    methods of `Destination` (`write`, `display`, `clear`) may be called from any thread.
    """

    def __init__(self, title: str, contents: Contents, place: Place | None, loop: asyncio.AbstractEventLoop) -> None:
        self.title = title
        self._contents = contents
        self._place = place
        self._loop = loop
        self._events: dict[str, Shown] = {}
        self._seen = 0
        self._printed = Printed()
        self._figures = Figures()
        self._drawing: asyncio.Task[None] | None = None
        self._changed = False
        self._hurry = asyncio.Event()
        self._is_shown = False

    def begin(self) -> None:
        """The display is now under its cell: from now on it may be replaced."""
        self._is_shown = True
        if self._changed:
            self._redraw()

    def show(
        self,
        entry: EventRow,
        data: EventObject,
        status: DeliveryStatus,
        error: ErrorRow | None = None,
        explained: Sequence[str] = (),
    ) -> None:
        """Show that an event's run began or ended. `error` as in HTTP error answers; `explained`: the error as lines of text."""
        (delivery,) = entry["deliveries"]
        shown: EventRow = {**entry, "deliveries": [{**delivery, "status": status, "error": error}]}
        if entry["id"] not in self._events:
            self._seen += 1
        kept = data if entry["contentLength"] <= _BODY else None
        self._events[entry["id"]] = Shown(shown, kept, tuple(explained))
        while len(self._events) > EVENTS:
            del self._events[next(iter(self._events))]
        self._redraw()

    def forget(self, event_id: str) -> None:
        """Remove an event that the pipeline's filter rejected."""
        if self._events.pop(event_id, None) is not None:
            self._seen -= 1
            self._redraw()

    def log(self, level: str, message: str) -> None:
        """The sink of the `log` command."""
        self._printed.log(f"{level:<5} {message}")
        self._wake()

    def write(self, stream: str, text: str) -> None:
        self._printed.write(stream, text)
        self._wake()

    def display(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str | None, update: bool
    ) -> bool:
        figure = Figure(data, metadata, display_id)
        if not update:
            self._figures.add(figure)
        elif not self._figures.update(figure):
            return False
        self._wake()
        return True

    def clear(self) -> None:
        self._printed.clear()
        self._figures.clear()
        self._wake()

    def close(self, last_words: str) -> None:
        """Show, as the title, why no more events will come."""
        self.title = last_words
        self._redraw()

    async def draw_now(self) -> None:
        """Return once the display is up to date."""
        if self._drawing is None or self._drawing.done():
            return
        self._hurry.set()
        try:
            await asyncio.wait({self._drawing})
        finally:
            self._hurry.clear()

    async def end(self, last_words: str) -> None:
        """As `close`, but drawn before this returns: nothing is drawn later."""
        self.close(last_words)
        if self._drawing is not None:
            self._drawing.cancel()
        if self._place is not None and self._is_shown:
            await asyncio.to_thread(self._publish, self._place, tuple(reversed(self._events.values())))

    def _wake(self) -> None:
        # `_draw` resets the flag before it reads, so that a change it misses triggers another redraw.
        if not self._changed and not self._loop.is_closed():
            self._changed = True
            self._loop.call_soon_threadsafe(self._redraw, context=contextvars.Context())

    def _redraw(self) -> None:
        self._changed = True
        if self._place is not None and self._is_shown and (self._drawing is None or self._drawing.done()):
            self._drawing = self._loop.create_task(self._draw(self._place))

    async def _draw(self, place: Place) -> None:
        while self._changed:
            await self._pause(_INTERVAL)
            self._changed = False
            began = time.monotonic()
            # In a thread: drawing takes time, and pictures are read with `SyncDoor.run_sync`.
            await asyncio.to_thread(self._publish, place, tuple(reversed(self._events.values())))
            await self._pause(_PATIENCE * (time.monotonic() - began))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)

    def _publish(self, place: Place, shown: tuple[Shown, ...]) -> None:
        figures, before = self._figures.last()
        lines, earlier = self._printed.last()
        picture = Picture(self.title, shown, self._seen, lines, earlier, before)
        place.replace(picture_bundle(picture, self._contents))
        place.show_figures(figures)
