"""`%pi`: the command line `pi` in a cell, with the hub of the notebook."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from pfnb.exceptions import ParameterError
from pfnb.kernel.magics.suggestions import Suggestions
from pfnb.kernel.magics.words import split
from pfnb.language.content import genuine_id
from pfnb.language.masking import Mask
from pfnb.language.reading.parser import command_pipeline, parse_pipeline
from pfnb.pi.client import InSession, Reply, T, Upload
from pfnb.pi.main import WordsError, parser, run

if TYPE_CHECKING:
    from pfnb.kernel.notebook import Notebook
    from pfnb.language.pipeline import Pipeline


def run_line(notebook: Notebook, line: str) -> None:
    """Run a line of `pi` and print its result; secrets are masked, since outputs are saved. UsageError for wrong words."""
    out = io.StringIO()
    try:
        run(split(line), lambda _: NotebookClient(notebook), out)
    except WordsError as error:
        raise UsageError(str(error)) from None
    finally:
        sys.stdout.write(Mask(all_uuids=True).text(out.getvalue()))


def suggestions(notebook: Notebook, line: str) -> Suggestions:
    """Completions at the cursor; `line` is the text before it."""
    from pfnb.pi.complete import ASK, candidates

    verbs = parser().parse_args([ASK]).verbs
    fragment = "" if not line or line[-1].isspace() else line.split()[-1].rpartition("=")[2]
    found = candidates(f"pi {line}", verbs, lambda: NotebookClient(notebook))
    return Suggestions(fragment, tuple(one.strip() for one in found), "word")


class NotebookClient:
    """Runs commands and pipelines in the notebook, as its user, so `%pi` can use the kernel's own commands."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self.origin = "this notebook"

    @property
    def name(self) -> str:
        return self._notebook.hub_url

    def command(self, name: str, parameters: Mapping[str, Any], upload: Upload | None = None) -> Reply:
        return self._reply(lambda: command_pipeline(name, parameters, self._notebook.runner.registry), upload)

    def pipeline(self, text: str) -> Reply:
        return self._reply(lambda: parse_pipeline(text, self._notebook.runner.registry))

    def stored_pipeline(self, path: str, variables: Mapping[str, str]) -> Reply:
        given = {"key": path, "vars": dict(variables)}
        return self._reply(lambda: command_pipeline("pipeline.start", given, self._notebook.runner.registry))

    def in_session(self, work: InSession[T], *, is_endless: bool = False) -> T:
        if is_endless:
            raise ParameterError("a cell cannot follow events: use %webhook inspect, which is live")
        return self._notebook.run_sync(work(self._notebook.hub, self._notebook.session.since))

    def _reply(self, made: Callable[[], Pipeline], upload: Upload | None = None) -> Reply:
        notebook, pipeline = self._notebook, made()
        body = None if upload is None else self._body(upload)
        result = notebook.run_sync(notebook.runner.run(pipeline, user=notebook.user, hub=notebook.hub, body=body))
        content_id = notebook.run_sync(genuine_id(result.body, notebook.hub))
        if content_id is not None:
            return Reply(notebook.run_sync(notebook.hub.read_content(content_id)), str(result.body.get("contentType")))
        return Reply(result.body, "text/plain" if isinstance(result.body, str) else "application/json")

    def _body(self, upload: Upload) -> Any:
        import json

        if upload.content_type == "application/json":
            return json.loads(upload.data)
        if upload.content_type.startswith("text/"):
            return upload.data.decode("utf-8", "replace")
        kept = self._notebook.hub.put_content(upload.data, name="input", content_type=upload.content_type)
        return self._notebook.run_sync(kept)
