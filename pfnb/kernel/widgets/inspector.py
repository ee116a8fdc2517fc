"""The live inspector: events appear as they arrive, and unfold to show all details.

Data goes to the browser in messages, never in synced traits: the widget's state, which notebooks may save, holds no payload
and no secret.
"""

from __future__ import annotations

import contextvars
from pathlib import Path
from typing import Any

import anywidget

from pfnb.display.block import block, element
from pfnb.display.visible import markup
from pfnb.kernel.board.screen import Display
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.widgets.still import Still
from pfnb.kernel.widgets.viewer import Viewer
from pfnb.rows.event import Filter

_STATIC = Path(__file__).parent / "static"
_VIEWERS = 8
_ENDED = "pfnb was reloaded since: run the cell of this inspector again"


class Inspector(anywidget.AnyWidget):
    """The events of one filter (`list_events`). Several front ends may show it, each with its own search.

    Questions arrive on the thread where the kernel reads them; all else runs on the background loop, also while a cell runs.
    """

    _esm = _STATIC / "inspector.js"
    _css = _STATIC / "inspector.css"

    def __init__(self, notebook: Notebook, filter: Filter) -> None:  # noqa: A002 - the hub's word
        super().__init__()
        self._notebook = notebook
        self._filter = filter.copy()
        self._viewers: dict[str, Viewer] = {}
        self._still: Still | None = None
        self.on_msg(self._hear)

    def close(self) -> None:
        """End it in every front end."""
        self._on_loop(self._leave)
        super().close()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self._filter.items() if name != "webhook")
        return f"Inspector({shown})"

    def _repr_mimebundle_(self, **selection: Any) -> Any:
        said = "Live inspector of events. Its last state is below."
        bundle, *metadata = super()._repr_mimebundle_(**selection) or ({},)
        html = block(element("div", markup(said), names="pfnb-title"))
        return {**bundle, "text/plain": said, "text/html": html}, *metadata

    def _ipython_display_(self) -> None:
        shell = self._notebook.shell
        still = Still(self._notebook.hub, self._filter, Display(shell, self._notebook.cell))
        picture = self._notebook.run_sync(still.draw())
        data, *metadata = self._repr_mimebundle_()
        shell.display_pub.publish(data=data, metadata=metadata[0] if metadata else {})
        still.show(picture)
        self._on_loop(self._keep, still)

    def _keep(self, still: Still) -> None:
        if self._still is not None:
            self._still.close()
        self._still = still
        still.keep()

    def _hear(self, _widget: object, question: Any, _buffers: object) -> None:
        if isinstance(question, dict) and not self._on_loop(self._take, question):
            self.send({"viewer": question.get("viewer"), "told": "problem", "message": _ENDED})

    def _take(self, question: dict[str, Any]) -> None:
        name, ask = str(question.get("viewer")), question.get("ask")
        if ask == "close":
            self._drop(name)
            return
        if name not in self._viewers:
            if ask == "here":  # sent before it was dropped
                return
            while len(self._viewers) >= _VIEWERS:
                self._drop(next(iter(self._viewers)))
            stop = self._notebook.deliveries.stop_run
            self._viewers[name] = Viewer(name, self._notebook.hub, self._filter, self.send, stop)
        if ask == "open" and self._still is not None:
            self.send({"viewer": name, "told": "still", "name": self._still.name})
            self._still.keep()
        self._viewers[name].take(question)

    def _drop(self, name: str) -> None:
        """Drop a front end that is gone. After the last one, stop updating the saved picture."""
        viewer = self._viewers.pop(name, None)
        if viewer is not None:
            viewer.close()
        if not self._viewers and self._still is not None:
            self._still.close()

    def _leave(self) -> None:
        for name in list(self._viewers):
            self._drop(name)
        if self._still is not None:
            self._still.close()

    def _on_loop(self, function: Any, *arguments: Any) -> bool:
        """Call on the background loop, in the context of the cell; False if that loop has ended."""
        try:
            self._notebook.door.loop.call_soon_threadsafe(function, *arguments, context=contextvars.copy_context())
        except RuntimeError:  # it is closed
            return False
        return True
