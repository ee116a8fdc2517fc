"""What stands under the cell of a listener: one display, brought up to date as deliveries begin and end and code prints."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pfnb.kernel.contents import Contents
from pfnb.kernel.figures import Figure, Figures
from pfnb.kernel.picture import Picture, Shown, picture_bundle
from pfnb.kernel.printed import Printed
from pfnb.kernel.screen import Place

EVENTS = 20
_INTERVAL = 0.2
_PATIENCE = 5.0
"""A display is drawn again after so many times the time that drawing took: a flood of events goes to the pipeline first."""
_BODY = 64 * 1024
"""Bytes of a payload that are kept for showing."""


class Board:
    """The last events of one listener, newest first, and the last of what it logged, printed and displayed.

    `place` is None where displays cannot be replaced, as in a terminal. The methods belong to `loop`; only `log`, and those
    of an output's destination (`write`, `display`, `clear`), may be called from any thread.
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
        self._is_shown = False

    def begin(self) -> None:
        """The display stands under its cell: from now on it may be replaced."""
        self._is_shown = True
        if self._changed:
            self._redraw()

    def show(
        self,
        entry: Mapping[str, Any],
        data: Mapping[str, Any],
        status: str,
        error: Any = None,
        explained: Sequence[str] = (),
    ) -> None:
        """An event's run has begun or ended. `error` as in HTTP error answers, `explained` its lines for a reader."""
        first, *_ = entry.get("deliveries") or [{}]
        shown = {**entry, "deliveries": [{**first, "status": status, "error": error}]}
        if entry["id"] not in self._events:
            self._seen += 1
        kept = data if (entry.get("contentLength") or 0) <= _BODY else {}
        self._events[entry["id"]] = Shown(shown, kept, tuple(explained))
        while len(self._events) > EVENTS:
            del self._events[next(iter(self._events))]
        self._redraw()

    def forget(self, event_id: str) -> None:
        """The pipeline's filter did not want this event."""
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
        """Say why nothing will come any more."""
        self.title = last_words
        self._redraw()

    async def end(self, last_words: str) -> None:
        """The same, shown before this returns: nobody will draw later."""
        self.close(last_words)
        if self._drawing is not None:
            self._drawing.cancel()
        if self._place is not None and self._is_shown:
            await asyncio.to_thread(self._publish, self._place, tuple(reversed(self._events.values())))

    def _wake(self) -> None:
        # Whoever draws resets the mark before it looks, so that a change it does not see wakes it again.
        if not self._changed and not self._loop.is_closed():
            self._changed = True
            self._loop.call_soon_threadsafe(self._redraw, context=contextvars.Context())

    def _redraw(self) -> None:
        self._changed = True
        if self._place is not None and self._is_shown and (self._drawing is None or self._drawing.done()):
            self._drawing = self._loop.create_task(self._draw(self._place))

    async def _draw(self, place: Place) -> None:
        while self._changed:
            await asyncio.sleep(_INTERVAL)
            self._changed = False
            began = time.monotonic()
            # In a thread: drawing takes time, and pictures are read through the door.
            await asyncio.to_thread(self._publish, place, tuple(reversed(self._events.values())))
            await asyncio.sleep(_PATIENCE * (time.monotonic() - began))

    def _publish(self, place: Place, shown: tuple[Shown, ...]) -> None:
        figures, before = self._figures.last()
        lines, earlier = self._printed.last()
        picture = Picture(self.title, shown, self._seen, lines, earlier, before)
        place.replace(picture_bundle(picture, self._contents))
        place.show_figures(figures)
