"""What `%load_ext pfnb` and `%unload_ext pfnb` do."""

from __future__ import annotations

import os
import sys

from IPython.core.interactiveshell import InteractiveShell

from pfnb.exceptions import HubUnreachableError, WaitTimeoutError
from pfnb.kernel.loop.failures import told_briefly
from pfnb.kernel.magics.magics import register_magics, unregister_magics
from pfnb.kernel.notebook import Notebook
from pfnb.outbound import Targets

_FAREWELL = 5.0


def load(shell: InteractiveShell) -> None:
    """Connect this kernel to its hub, print which one it is, and register the magics."""
    notebook = Notebook(shell)
    with told_briefly():
        Targets.from_environment(os.environ)
        notebook.open()
    register_magics(notebook)
    sys.stdout.write(f"{notebook.greeting}\n")


def unload(shell: InteractiveShell) -> None:
    """Remove the magics, print what ends with them, and close everything."""
    magics = unregister_magics(shell)
    if magics is None:
        return
    notebook = magics.notebook
    try:
        lost = notebook.run_sync(_take_leave(notebook), _FAREWELL)
    except (HubUnreachableError, WaitTimeoutError):
        lost = ""  # The hub has ended already.
    finally:
        notebook.close()
    if lost:
        sys.stdout.write(f"{lost}\n")


async def _take_leave(notebook: Notebook) -> str:
    """End the boards. Returns one line that says what is lost now, or an empty text."""
    from pfnb.display.units import human_count

    names = await notebook.deliveries.take_leave()
    lost = [human_count(len(names), "pipeline")] if names else []
    if not notebook.hub_ends_with_it:
        return (
            f"pfnb: nothing listens in this kernel now; to listen again, run the cells of {', '.join(names)}"
            if names
            else ""
        )
    webhooks = len(await notebook.hub.get_webhooks())
    events = (await notebook.hub.list_events(limit=1))["total"]
    lost += [human_count(webhooks, "webhook")] if webhooks else []
    lost += [human_count(events, "event")] if events else []
    return f"pfnb: the hub in memory has ended, with {', '.join(lost)}: run their cells again" if lost else ""
