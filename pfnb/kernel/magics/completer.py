"""Tab completion for the lines of the magics and the pipelines below `%%pipeline`. Python is left to IPython."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from pfnb.exceptions import PfnbError
from pfnb.kernel.magics import event_verbs, pipeline_verbs, webhook_verbs
from pfnb.kernel.magics.suggestions import Suggestions, suggest_verb, suggest_words
from pfnb.uuid_tail import tail

if TYPE_CHECKING:
    from pfnb.kernel.notebook import Notebook

_LINE = re.compile(r"\s*(?:[\w\s,.\[\]'\"]+=\s*)?%(webhook|event|pipeline)\s+(.*)", re.DOTALL)
_PI = re.compile(r"\s*%pi\s+(.*)", re.DOTALL)
_CELL = re.compile(r"%%pipeline\s+(\S+\s+)?(.*)", re.DOTALL)
_VERBS = {"webhook": webhook_verbs.VERBS, "event": event_verbs.VERBS, "pipeline": pipeline_verbs.VERBS}
_SECONDS = 1.0
"""Timeout of a query to the hub for names; after it, they are left out."""
_RECENT = 50


class Completer:
    """A matcher of IPython's completer, from `register` to `unregister`."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._completer = notebook.shell.Completer

    def register(self) -> None:
        self._completer.custom_matchers.append(self.match)

    def unregister(self) -> None:
        if self.match in self._completer.custom_matchers:
            self._completer.custom_matchers.remove(self.match)

    @context_matcher(identifier="pfnb", priority=100)  # type: ignore[untyped-decorator]
    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """Completions at the cursor. In one of our magics, other matchers are suppressed."""
        found = self._found(context)
        if found is None:
            return SimpleMatcherResult(completions=[], suppress=False)
        # Suppress other matchers. With no match, return the fragment, so that Python completion stays out.
        texts = found.texts or ((found.fragment,) if found.fragment else ())
        return SimpleMatcherResult(
            completions=[SimpleCompletion(text, type=found.kind) for text in texts],
            matched_fragment=found.fragment,
            ordered=True,
            suppress=True,
        )

    def _found(self, context: CompletionContext) -> Suggestions | None:
        before = context.text_until_cursor
        if context.full_text.startswith("%%"):
            return self._in_cell(context, before) if context.full_text.startswith("%%pipeline") else None
        pi = _PI.fullmatch(before)
        if pi is not None:
            from pfnb.kernel.magics.command_line import suggestions

            return suggestions(self._notebook, pi[1])
        line = _LINE.fullmatch(before)
        return None if line is None else suggest_verb(line[2], _VERBS[line[1]], self._names)

    def _in_cell(self, context: CompletionContext, before: str) -> Suggestions | None:
        if context.cursor_line > 0:
            return self._in_pipeline(context)
        line = _CELL.fullmatch(before)
        if line is None:
            return None
        if line[1] is None:
            return suggest_words(line[2], pipeline_verbs.NAMED, self._names)
        return suggest_words(line[2], pipeline_verbs.CELL, self._names)

    def _in_pipeline(self, context: CompletionContext) -> Suggestions:
        from pfnb.language.editing.completion import complete

        text = context.full_text.partition("\n")[2]
        line, column = context.cursor_line, context.cursor_position + 1
        runner = self._notebook.runner
        found = complete(text, line, column, runner.registry, functions=runner.functions, names=self._names)
        texts = tuple(candidate.text for candidate in found.candidates)
        return Suggestions(text[found.start : found.end], texts, "pipeline")

    def _names(self, kind: str) -> Iterable[str]:
        if kind == "command-name":
            runner = self._notebook.runner
            functions = (f"@{function.name}" for function in runner.functions.functions())
            return (*(command.name for command in runner.registry), *functions)
        if kind == "preset":
            from pfnb.presets.table import names  # imported lazily: it takes a while

            return names()
        try:
            return self._notebook.run_sync(self._ask(kind), _SECONDS)
        except PfnbError:
            return ()  # Running the cell will show what is wrong with the hub.

    async def _ask(self, kind: str) -> list[str]:
        hub = self._notebook.hub
        if kind == "webhook":
            return [tail(webhook["uuid"]) for webhook in await hub.get_webhooks()]
        if kind == "pipeline-name":
            return sorted(listener["name"] for listener in await hub.list_listeners())
        if kind == "event":
            return [row["id"] for row in (await hub.list_events(limit=_RECENT))["events"]]
        if kind != "event-key":
            return []
        webhooks, listeners = await hub.get_webhooks(), await hub.list_listeners()
        events = (await hub.list_events(limit=_RECENT))["events"]
        keys = [row["eventKey"] for row in (*webhooks, *events)]
        return sorted({*keys, *(listener["pattern"] for listener in listeners)})
