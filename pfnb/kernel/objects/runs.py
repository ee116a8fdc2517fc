"""What listeners did: runs, the steps of a run, failed deliveries, and the check that none failed."""

from __future__ import annotations

import asyncio
import time

from pfnb.client.results import FailedRows, Runs, Steps
from pfnb.commands.pipelines import find_run
from pfnb.exceptions import FailedRunsError, NotFoundError, WaitTimeoutError
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.objects.pipelines import here

_GLANCE = 0.05


def history(notebook: Notebook, name: str, limit: int) -> Runs:
    """The newest runs of a listener. NotFoundError if no listener has, or had, that name."""
    rows = notebook.run_sync(notebook.hub.list_runs(name, limit))
    if not rows:
        _check_name(notebook, name)
    return Runs(name, rows)


def steps(notebook: Notebook, name: str, run: str | None = None) -> Steps:
    """The steps of a listener's run: the newest, or the one with the id `run`. NotFoundError if there is none."""
    try:
        found = notebook.run_sync(find_run(notebook.hub, name, run))
    except NotFoundError as error:
        _check_name(notebook, name)
        raise NotFoundError(f"{error.message}: %pipeline history {name} lists them" if run else error.message) from None
    return Steps(found, notebook.run_sync(notebook.hub.read_steps(found["id"])))


def failed(notebook: Notebook, limit: int) -> FailedRows:
    """Deliveries that failed or may hang, of all pipelines of the notebook's owner."""
    return FailedRows(notebook.run_sync(notebook.hub.list_failed(limit=limit)))


def discard(notebook: Notebook, number: str, reason: str | None) -> FailedRows:
    """Set a delivery aside and return its row. NotFoundError; ParameterError for one that has succeeded."""
    return FailedRows([notebook.run_sync(notebook.hub.discard_delivery(number, reason=reason))])


def check(notebook: Notebook, name: str | None, seconds: float) -> None:
    """Wait until the listeners of this notebook, or one of them, have nothing left to do. FailedRunsError if runs failed since
    the last check and have not been repeated with success; WaitTimeoutError if there is still work after `seconds`."""
    notebook.run_sync(_check(notebook, name, seconds))


async def _check(notebook: Notebook, name: str | None, seconds: float) -> None:
    if name is not None:
        here(notebook, name)
    end = time.monotonic() + seconds
    while busy := await _busy(notebook, name):
        if time.monotonic() >= end:
            raise WaitTimeoutError(
                f"{', '.join(busy)} did not finish within {seconds:g} seconds; a larger timeout= waits longer"
            )
        await asyncio.sleep(_GLANCE)
    lines = notebook.deliveries.failed.lines(name)
    notebook.deliveries.failed.forget()
    if lines:
        raise FailedRunsError("\n".join(lines))


async def _busy(notebook: Notebook, name: str | None) -> list[str]:
    """Names of the listeners that have something to do. Ask the hub first: what it hands over meanwhile runs here."""
    rows = await notebook.hub.list_listeners()
    pending = [row["name"] for row in rows if row["pending"] and notebook.deliveries.listener(row["name"]) is not None]
    return [one for one in sorted({*pending, *notebook.deliveries.running()}) if name in (None, one)]


def _check_name(notebook: Notebook, name: str) -> None:
    names = [listener["name"] for listener in notebook.run_sync(notebook.hub.list_listeners())]
    if name not in names:
        known = f"there are {', '.join(sorted(names)[:10])}" if names else "nothing listens here yet"
        raise NotFoundError(f"no pipeline {name} listens: {known}")
