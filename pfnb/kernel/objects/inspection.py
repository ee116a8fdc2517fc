"""Opens an inspector: live if the shell is a kernel, else a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pfnb.kernel.notebook import Notebook, loaded_notebook
from pfnb.kernel.objects import webhooks
from pfnb.kernel.objects.events import Events
from pfnb.rows.event import Filter

if TYPE_CHECKING:
    from pfnb.kernel.widgets.inspector import Inspector

_ROWS = 50


def inspector(
    key: str | None = None, *, status: str | None = None, text: str | None = None, webhook: str | None = None
) -> Inspector | Events:
    """The events of your webhooks, live: they appear as they arrive. Without widgets, the newest events as a table.

    `key` is an event key or a pattern (`webhook.#`), `status` that of a delivery (`failed`), `text` is searched for in
    everything readable of an event, `webhook` is a uuid or its last six characters.
    """
    __tracebackhide__ = True
    asked = {"key": key, "status": status, "text": text, "webhook": webhook}
    return inspect(loaded_notebook(), cast(Filter, {name: value for name, value in asked.items() if value}))


def inspect(notebook: Notebook, asked: Filter) -> Inspector | Events:
    """The same, for a given notebook."""
    chosen = asked.copy()
    if "webhook" in chosen:
        chosen["webhook"] = webhooks.find(notebook, uuid=chosen["webhook"]).uuid
    if not hasattr(notebook.shell, "kernel"):
        return Events(notebook.run_sync(notebook.hub.list_events(chosen, limit=_ROWS))["events"])
    from pfnb.kernel.widgets.inspector import Inspector

    return Inspector(notebook, chosen)
