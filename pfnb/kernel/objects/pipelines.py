"""Pipelines of a notebook: registering one that listens, running one now, and what `%pipeline list` returns."""

from __future__ import annotations

import contextvars
import os
import sys
from typing import Any

from pfnb.client.rows import Rows
from pfnb.exceptions import NotFoundError, PfnbError, PipelineError, UnknownCommandError
from pfnb.kernel.board.board import Board
from pfnb.kernel.board.output import sent_to
from pfnb.kernel.board.picture import empty_bundle
from pfnb.kernel.board.screen import CellPlace
from pfnb.kernel.dashboard import VOILA, WidgetPlace
from pfnb.kernel.listening.listener import FIRST_LINE, Listener
from pfnb.kernel.notebook import Notebook
from pfnb.language.pipeline import Pipeline
from pfnb.language.port import ANONYMOUS
from pfnb.language.reading.parser import parse_pipeline
from pfnb.language.run import RunResult
from pfnb.language.running.calls import PIPELINE_TYPE
from pfnb.rows.listener import ListenerHere

_NAMED = 3


class Listeners(Rows[ListenerHere]):
    """All listeners of this owner in the hub, of any notebook; stored ones have no notebook."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import listeners_bundle

        return listeners_bundle(self)


def register(
    notebook: Notebook,
    name: str,
    pipeline: Pipeline,
    *,
    run_as_me: bool = False,
    replace: bool = False,
    shared: bool = False,
    all_notebooks: bool = False,
    is_function: bool = False,
) -> None:
    """Register a listening pipeline and show its board under the cell. NameTakenError if another notebook holds the name and
    does not share it."""
    kind = WidgetPlace if VOILA in os.environ else CellPlace
    place = kind(notebook.shell, notebook.cell)
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
    hears = {"shared": shared, "all_notebooks": all_notebooks or pipeline.rules.all_notebooks}
    left_out = notebook.run_sync(_register(notebook, listener, {"replace": replace, **hears}))
    place.show(empty_bundle(title))
    if left_out:
        sys.stdout.write(_unheard(name, left_out))
    notebook.door.loop.call_soon_threadsafe(board.begin)


async def _register(notebook: Notebook, listener: Listener, asked: dict[str, bool]) -> list[str]:
    # Register here first: the hub may hand over pending deliveries at once.
    before = notebook.deliveries.set_listener(listener)
    try:
        left_out = await notebook.session.register(
            listener.name,
            {
                "pattern": listener.pattern,
                "source": listener.pipeline.source,
                "concurrency": listener.concurrency,
                "strict": listener.strict,
                "retry": listener.retry,
                "gathering": listener.gathering,
                **asked,
            },
        )
    except PfnbError:
        notebook.deliveries.drop(listener.name)
        if before is not None:
            notebook.deliveries.set_listener(before)
        raise
    if before is not None:
        before.board.close(f"{listener.name} is defined by another cell now")
    return left_out


def _unheard(name: str, keys: list[str]) -> str:
    """A hint that the listener does not get the events of these keys, which other notebooks' webhooks fire."""
    named = ", ".join(keys[:_NAMED]) + (f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else "")
    return (
        f"{name} does not get {named}, which webhooks of other notebooks fire: create the webhook in this notebook, too, or "
        "add --all-notebooks (all_notebooks=True)\n"
    )


def unregister(notebook: Notebook, name: str) -> None:
    """Delete a listener, with what is pending for it. NotFoundError if there is none of that name."""
    notebook.run_sync(_unregister(notebook, name))


async def _unregister(notebook: Notebook, name: str) -> None:
    await notebook.session.unregister(name)
    notebook.deliveries.revoke(name)


def listed(notebook: Notebook) -> Listeners:
    """All listeners of this owner."""
    rows = notebook.run_sync(notebook.hub.list_listeners())
    return Listeners({**row, "runningFor": notebook.deliveries.running_for(row["name"])} for row in rows)


def stop(notebook: Notebook, name: str) -> None:
    """End what a listener of this notebook runs now, and print what was stopped. NotFoundError if none of that name is here."""
    stopped = notebook.run_sync(notebook.deliveries.stop(here(notebook, name)))
    runs = f"{stopped.runs} run{'s' * (stopped.runs != 1)} of {name}"
    sys.stdout.write(f"pfnb: {runs} stopped\n" if stopped.runs else f"pfnb: {name} is not running\n")
    if stopped.is_working:
        sys.stdout.write(
            "pfnb: one of its threads waits in code that Python cannot interrupt. It does not block other runs. To end it, "
            "restart the kernel\n"
        )


def save(notebook: Notebook, path: str, source: str) -> None:
    """Store a cell's pipeline, and print what it does from now on. Errors give the cell's line numbers."""
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
    """The pipeline of a listener in this notebook, or a stored one, and the number of its first line. NotFoundError."""
    if "/" not in name or notebook.deliveries.listener(name) is not None:
        return here(notebook, name).pipeline, FIRST_LINE
    source = notebook.run_sync(notebook.hub.read_pipeline(name))["source"]
    return parse_pipeline(source, notebook.runner.registry), 1


def here(notebook: Notebook, name: str) -> Listener:
    """The listener of this name in this notebook. NotFoundError if there is none."""
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
    """Print a log line of a run that a cell waits for. It runs in the cell's context, so the line appears under that cell."""
    sys.stdout.write(f"{level:<5} {message}\n")
