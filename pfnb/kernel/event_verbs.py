"""The verbs of `%event`."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError

from pfnb.kernel import events
from pfnb.kernel.event import Event
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.words import Parameter, Verb, Words, describe, json_or_text, read_verb, seconds

_WAIT = 60.0
_KEY = (
    Parameter("key", "the event key"),
    Parameter("eventKey", "the same"),
)
_VERBS = (
    Verb("send", "Fire an event.", (*_KEY, Parameter("payload", "JSON or text", json_or_text))),
    Verb(
        "wait",
        "The oldest event of this key since the session began that no wait has returned, once this notebook's pipelines have "
        "worked on it: event = %event wait key=…",
        (*_KEY, Parameter("timeout", f"seconds to wait at most ({_WAIT:g}); then the cell fails", seconds)),
    ),
)
HELP = describe("%event", "Events of this notebook's hub.", _VERBS)


def run(notebook: Notebook, line: str) -> Any:
    """Do what a line says; UsageError where its words are wrong."""
    verb, words = read_verb("%event", line, _VERBS)
    return _DO[verb.name](notebook, words)


def _send(notebook: Notebook, words: Words) -> events.SentEvent:
    return events.send(notebook, _key(words, "send"), words.get("payload"))


def _wait(notebook: Notebook, words: Words) -> Event:
    return events.wait(notebook, _key(words, "wait"), words.get("timeout", _WAIT))


def _key(words: Words, verb: str) -> str:
    key = words.get("key") or words.get("eventKey")
    if not key:
        raise UsageError(f"%event {verb} needs key=…: the event key, such as webhook.lead.created")
    return str(key)


_DO = {"send": _send, "wait": _wait}
