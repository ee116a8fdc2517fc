"""`%%pipeline`, which registers or runs the cell below it, and the verbs of `%pipeline`."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.error import UsageError

from pfnb.client.results import Runs, Steps
from pfnb.kernel.listening.listener import FIRST_LINE
from pfnb.kernel.loop.failures import told_briefly
from pfnb.kernel.magics.words import (
    Parameter,
    Verb,
    Words,
    describe,
    json_or_text,
    read_verb,
    read_words,
    seconds,
    split,
    whole_number,
)
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.objects import drawing, events, pipelines, runs
from pfnb.language.reading.parser import parse_pipeline

_LIMIT = 20
_OF_LISTENERS = ("run-as-me", "replace", "shared", "all-notebooks")
_NAME = Parameter("name", "the pipeline's name", required=True)
CELL = Verb(
    "NAME",
    "Register the pipeline in this cell if it begins with event.listen; else run it now and show its result.",
    (Parameter("save", "store it at this path (--save PATH): it listens in the hub, without this notebook"),),
    flags={
        "run": "run it now, even if it begins with event.listen",
        "run-as-me": "run it with your rights; otherwise runs of a webhook are anonymous",
        "replace": "take the name over from another notebook",
        "all-notebooks": "with a pattern (* or #), also get events of your other notebooks",
        "shared": "share the events of this name with other kernels: each event goes to one of them",
    },
)
NAMED = Verb("NAME", "The name of the pipeline in this cell.", first=_NAME)
VERBS = (
    Verb("list", "List the pipelines that listen: of all your notebooks, and stored ones."),
    Verb("show", "Draw a pipeline that listens, with its source.", first=_NAME),
    Verb(
        "run",
        "Run a listening pipeline of this notebook, or a stored one by its path, now, as you and without an event.",
        (Parameter("body", "JSON or text, the body that it begins with", json_or_text),),
        first=_NAME,
    ),
    Verb(
        "history",
        "List a pipeline's runs, newest first.",
        (Parameter("limit", f"maximum number ({_LIMIT})", whole_number),),
        first=_NAME,
    ),
    Verb(
        "debug",
        "Show the steps of a pipeline's last run: inputs, outputs, durations, errors.",
        (Parameter("run", "another run, by its number in %pipeline history", whole_number),),
        first=_NAME,
    ),
    Verb(
        "check",
        "Wait until this notebook's pipelines have processed all events. The cell fails if a run failed since the last "
        "check. Use it as the last line of a notebook that papermill or nbconvert executes.",
        (Parameter("timeout", f"maximum seconds to wait ({events.WAIT_SECONDS:g})", seconds),),
        first=Parameter("name", "only this pipeline"),
    ),
    Verb(
        "help",
        "Explain a command or a function, with an example. Without a name, list all commands.",
        first=Parameter("command", "a command such as log, or a function such as @text.trim"),
    ),
    Verb("stop", "Stop the current runs of a pipeline of this notebook; its next events follow.", first=_NAME),
    Verb("delete", "Delete a listening pipeline, with what is pending for it.", first=_NAME),
)
HELP = (
    describe("%%pipeline", "A pipeline in YAML, in the lines below.", (CELL,))
    + "\n\n"
    + describe("%pipeline", "Pipelines that listen.", VERBS)
)


def run(notebook: Notebook, line: str) -> Any:
    """Run a line of the magic; UsageError if its words are wrong."""
    verb, words = read_verb("%pipeline", line, VERBS)
    return _DO[verb.name](notebook, words)


def run_cell(notebook: Notebook, line: str, cell: str) -> Any:
    """Register or run the pipeline in a cell. Returns the final body if it ran. Errors give the cell's line numbers."""
    name, words = _cell_words(line)
    with told_briefly(cell, FIRST_LINE):
        pipeline = parse_pipeline(cell, notebook.runner.registry, first_line=FIRST_LINE)
        if (path := words.get("save")) is not None:
            _check_flags(words, "a stored pipeline listens in the hub")
            pipelines.save(notebook, path, cell)
            if "run" not in words.flags:
                return None
        if pipeline.listen is None or "run" in words.flags:
            _check_flags(words, "this pipeline runs now, as you")
            return pipelines.run_in_cell(notebook, pipeline).body
        flags = {flag.replace("-", "_"): flag in words.flags for flag in _OF_LISTENERS}
        pipelines.register(notebook, name, pipeline, **flags)
        return None


def _cell_words(line: str) -> tuple[str, Words]:
    words = split(line)
    if not words or words[0].startswith("--"):
        raise UsageError(
            "%%pipeline needs a name, and its flags after it: "
            "%%pipeline lead [--run] [--run-as-me] [--replace] [--all-notebooks] [--shared]"
        )
    return words[0], read_words("%%pipeline NAME", words[1:], CELL)


def _check_flags(words: Words, why: str) -> None:
    for flag in sorted(words.flags.intersection(_OF_LISTENERS)):
        raise UsageError(f"--{flag} is for a pipeline that listens here (event.listen as its first step): {why}")


def _list(notebook: Notebook, _words: Words) -> pipelines.Listeners:
    return pipelines.listed(notebook)


def _delete(notebook: Notebook, words: Words) -> None:
    pipelines.unregister(notebook, words.get("name"))


def _stop(notebook: Notebook, words: Words) -> None:
    pipelines.stop(notebook, words.get("name"))


def _help(notebook: Notebook, words: Words) -> None:
    from pfnb.language.editing.help import help_on

    sys.stdout.write(help_on(words.get("command"), notebook.runner.registry, notebook.runner.functions) + "\n")


def _show(notebook: Notebook, words: Words) -> drawing.Drawing:
    return drawing.drawn(notebook, words.get("name"))


def _run(notebook: Notebook, words: Words) -> Any:
    pipeline, first_line = pipelines.to_run(notebook, words.get("name"))
    with told_briefly(pipeline.source, first_line):
        return pipelines.run_in_cell(notebook, pipeline, words.get("body")).body


def _history(notebook: Notebook, words: Words) -> Runs:
    return runs.history(notebook, words.get("name"), words.get("limit", _LIMIT))


def _debug(notebook: Notebook, words: Words) -> Steps:
    number = words.get("run")
    return runs.steps(notebook, words.get("name"), None if number is None else str(number))


def _check(notebook: Notebook, words: Words) -> None:
    runs.check(notebook, words.get("name"), words.get("timeout", events.WAIT_SECONDS))


_DO = {
    "check": _check,
    "list": _list,
    "show": _show,
    "help": _help,
    "delete": _delete,
    "stop": _stop,
    "run": _run,
    "history": _history,
    "debug": _debug,
}
