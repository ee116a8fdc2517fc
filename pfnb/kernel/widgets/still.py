"""The picture of a live inspector that a saved notebook keeps. It is below the inspector, hidden while that is live.

It is a separate display, not part of the widget's: updating that would redraw the widget each time.
"""

from __future__ import annotations

import asyncio
import base64
import uuid

from pfnb.display.block import element
from pfnb.display.events import events_bundle
from pfnb.display.visible import Html
from pfnb.exceptions import PfnbError
from pfnb.http.protocol import KernelPort
from pfnb.kernel.board.screen import Bundle, Display
from pfnb.kernel.widgets.watch import changes
from pfnb.rows.event import Filter, ListedEvent

EVENTS = 20
_INTERVAL = 3.0
_BODIES = 5
_BODY = 64 * 1024
_KNOWN = 64
# JupyterLab shows an error in place of a widget whose kernel is gone. Hide that error: the picture says more.
_RULE = ".jp-OutputArea-child:has(>.jp-OutputArea-output.jupyter-widgets):has(+.jp-OutputArea-child .pfnb-still){display:none}"


class Still:
    """`name` is a class of its HTML, by which a live inspector hides it. Call all methods except `show` on the loop."""

    def __init__(self, hub: KernelPort, filter: Filter, display: Display) -> None:  # noqa: A002
        self.name = f"pfnb-still-{uuid.uuid4().hex[:12]}"
        self._hub = hub
        self._filter = filter
        self._display = display
        self._bodies: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def show(self, bundle: Bundle) -> None:
        """Show what `draw` returned, under the cell that runs now."""
        self._display.show(bundle)

    def keep(self) -> None:
        """Keep it up to date from now on."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._keep())

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def draw(self) -> Bundle:
        """The newest events as HTML and text, masked like every display."""
        found = await self._hub.list_events(self._filter, limit=EVENTS)
        rows = [await self._with_body(row) for row in found["events"][:_BODIES]]
        rows += found["events"][_BODIES:]
        while len(self._bodies) > _KNOWN:
            del self._bodies[next(iter(self._bodies))]
        return await asyncio.to_thread(self._bundle, rows, found["total"])

    async def _keep(self) -> None:
        async for change in changes(self._hub, self._filter):
            if not change.problem:
                try:
                    self._display.replace(await self.draw())
                except PfnbError:
                    continue  # The hub is away: the picture stays as it is until the hub answers again.
            await asyncio.sleep(_INTERVAL)

    async def _with_body(self, row: ListedEvent) -> ListedEvent:
        if row["files"] or row["fields"] or not 0 < row["contentLength"] <= _BODY:
            return row
        if row["id"] not in self._bodies:
            self._bodies[row["id"]] = base64.b64encode(await self._hub.read_event_content(row["id"])).decode()
        return {**row, "body": self._bodies[row["id"]]}

    def _bundle(self, rows: list[ListedEvent], total: int | None) -> Bundle:
        drawn = events_bundle(rows, total=total)
        html = element("div", element("style", Html(_RULE)), Html(drawn["text/html"]), names=f"pfnb-still {self.name}")
        return {**drawn, "text/html": html}
