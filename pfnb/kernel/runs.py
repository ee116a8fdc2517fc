"""What a listener did: its runs, the steps of one, and deliveries that were asked for once more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pfnb.exceptions import NotFoundError
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.rows import Rows


class Runs(Rows[dict[str, Any]]):
    """Deliveries to one listener, newest first: id, eventId, eventKey, created, status, attempts, error."""

    def __init__(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        super().__init__(rows)
        self.name = name

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.kernel.display import runs_bundle

        return runs_bundle(self.name, self)


class Steps(Rows[dict[str, Any]]):
    """The step records of one run, in the order they ran; `run` is its row among `Runs`."""

    def __init__(self, run: Mapping[str, Any], rows: Iterable[dict[str, Any]]) -> None:
        super().__init__(rows)
        self.run = dict(run)

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.kernel.display import steps_bundle

        return steps_bundle(self.run, self)


class Replayed(Rows[dict[str, Any]]):
    """New deliveries of an event: id and listener."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.kernel.display import replayed_bundle

        return replayed_bundle(self)


def history(notebook: Notebook, name: str, limit: int) -> Runs:
    """The newest runs of a listener. NotFoundError if there is none of that name, and never was one."""
    rows = notebook.run_sync(notebook.hub.list_runs(name, limit))
    if not rows:
        _check_name(notebook, name)
    return Runs(name, rows)


def steps(notebook: Notebook, name: str, run: str | None = None) -> Steps:
    """The steps of a listener's run, the newest unless one is named by its id. NotFoundError if there is none."""
    before = str(int(run) + 1) if run is not None else None
    found = notebook.run_sync(notebook.hub.list_runs(name, 1, before))
    if not found or (run is not None and str(found[0]["id"]) != run):
        _check_name(notebook, name)
        raise NotFoundError(
            f"{name} has no run {run}: %pipeline history {name} lists them" if run else f"{name} has not run yet"
        )
    return Steps(found[0], notebook.run_sync(notebook.hub.read_steps(str(found[0]["id"]))))


def _check_name(notebook: Notebook, name: str) -> None:
    names = [listener["name"] for listener in notebook.run_sync(notebook.hub.list_listeners())]
    if name not in names:
        known = f"there are {', '.join(sorted(names)[:10])}" if names else "nothing listens here yet"
        raise NotFoundError(f"no pipeline {name} listens: {known}")
