"""Pipelines of a notebook: registering one that listens, running one now, and what `%pipeline list` returns."""

from __future__ import annotations

import contextvars
import sys
from typing import Any

from pfnb.exceptions import NotFoundError, PfnbError, PipelineError, UnknownCommandError
from pfnb.kernel.board import Board
from pfnb.kernel.listener import FIRST_LINE, Listener
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.output import sent_to
from pfnb.kernel.picture import empty_bundle
from pfnb.kernel.rows import Rows
from pfnb.kernel.screen import CellPlace
from pfnb.language.calls import PIPELINE_TYPE
from pfnb.language.parser import parse_pipeline
from pfnb.language.pipeline import Pipeline
from pfnb.language.port import ANONYMOUS
from pfnb.language.run import RunResult


class Listeners(Rows[dict[str, Any]]):
    """The listeners of this owner in the hub, of whatever notebook, and stored ones, which have none: name, pattern, notebook,
    owner, connected, workers, shared, pending, created, source."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.kernel.display import listeners_bundle

        return listeners_bundle(self)


def register(
    notebook: Notebook,
    name: str,
    pipeline: Pipeline,
    *,
    run_as_me: bool = False,
    replace: bool = False,
    shared: bool = False,
    is_function: bool = False,
) -> None:
    """Register a listening pipeline and show its board under the cell. NameTakenError if another notebook holds the name and
    does not share it."""
    place = CellPlace(notebook.shell)
    title = f"{name} listens for {pipeline.listen.event_key if pipeline.listen is not None else ''}"
    board = Board(title, notebook.contents, place if place.is_live else None, notebook.door.loop)
    listener = Listener(
        name=name,
        pipeline=pipeline,
        user=notebook.user if run_as_me else ANONYMOUS,
        owner=notebook.user,
        context=sent_to(board, contextvars.copy_context()) if place.is_live else contextvars.copy_context(),
        board=board,
        is_function=is_function,
    )
    notebook.run_sync(_register(notebook, listener, replace=replace, shared=shared))
    place.show(empty_bundle(title))
    notebook.door.loop.call_soon_threadsafe(board.begin)


async def _register(notebook: Notebook, listener: Listener, *, replace: bool, shared: bool) -> None:
    # First here, then there: the hub may hand over what is pending at once.
    before = notebook.deliveries.set_listener(listener)
    try:
        await notebook.session.register(
            listener.name,
            {
                "pattern": listener.pattern,
                "source": listener.pipeline.source,
                "concurrency": listener.concurrency,
                "strict": listener.strict,
                "retry": listener.retry,
                "replace": replace,
                "shared": shared,
            },
        )
    except PfnbError:
        notebook.deliveries.drop(listener.name)
        if before is not None:
            notebook.deliveries.set_listener(before)
        raise
    if before is not None:
        before.board.close(f"{listener.name} is defined by another cell now")


def unregister(notebook: Notebook, name: str) -> None:
    """Delete a listener, with what is pending for it. NotFoundError if there is none of that name."""
    notebook.run_sync(_unregister(notebook, name))


async def _unregister(notebook: Notebook, name: str) -> None:
    await notebook.session.unregister(name)
    notebook.deliveries.revoke(name)


def listed(notebook: Notebook) -> Listeners:
    """All listeners of this owner."""
    return Listeners(notebook.run_sync(notebook.hub.list_listeners()))


def save(notebook: Notebook, path: str, source: str) -> None:
    """Store a cell's pipeline, and say what it does from now on. Errors name the cell's lines."""
    try:
        saved = notebook.run_sync(notebook.hub.put_property(path, {"value": source, "type": PIPELINE_TYPE}))
    except PipelineError as error:
        error.line = None if error.line is None else error.line + FIRST_LINE - 1
        if isinstance(error, UnknownCommandError):
            error.message += ": a stored pipeline runs in the hub, without the commands of this notebook"
        raise
    listening = [row for row in listed(notebook) if row["name"] == path]
    does = f"listens for {listening[0]['pattern']} in the hub" if listening else "is stored: %pipeline run runs it"
    sys.stdout.write(f"{saved['property']['path']} {does}\n")


def to_run(notebook: Notebook, name: str) -> tuple[Pipeline, int]:
    """A listener's pipeline of this notebook, or a stored one, and the number of its first line. NotFoundError."""
    if "/" not in name or notebook.deliveries.listener(name) is not None:
        return here(notebook, name).pipeline, FIRST_LINE
    source = notebook.run_sync(notebook.hub.read_pipeline(name))["source"]
    return parse_pipeline(source, notebook.runner.registry), 1


def here(notebook: Notebook, name: str) -> Listener:
    """A listener of this notebook. NotFoundError if it is none."""
    listener = notebook.deliveries.listener(name)
    if listener is None:
        raise NotFoundError(
            f"no pipeline {name} listens in this notebook: %pipeline list shows all, with their notebooks"
        )
    return listener


def run_in_cell(notebook: Notebook, pipeline: Pipeline, body: Any = None) -> RunResult:
    """Run it now, as the notebook's user; what it logs is printed."""
    run = notebook.runner.run(pipeline, user=notebook.user, hub=notebook.hub, body=body, log=print_log)
    return notebook.run_sync(run)


def print_log(level: str, message: str) -> None:
    """The log of a run that a cell waits for. It runs in the cell's context, so the line lands under that cell."""
    sys.stdout.write(f"{level:<5} {message}\n")
