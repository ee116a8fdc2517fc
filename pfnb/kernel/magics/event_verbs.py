"""The verbs of `%event`."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError

from pfnb.client.event import Event
from pfnb.kernel.magics.words import (
    Parameter,
    Verb,
    Words,
    describe,
    json_or_text,
    one_of,
    read_verb,
    seconds,
    whole_number,
)
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.objects import events
from pfnb.kernel.objects.event_list import EventList, event_filter

_LIMIT = 50
STATUSES = ("pending", "running", "succeeded", "failed", "dead")
_KEY = (
    Parameter("key", "the event key"),
    Parameter("eventKey", "the same"),
)
VERBS = (
    Verb("send", "Fire an event.", (*_KEY, Parameter("payload", "JSON or text", json_or_text))),
    Verb(
        "wait",
        "Wait until this notebook's pipelines have processed an event of this key. Returns the oldest one since the session "
        "began that no wait has returned yet: event = %event wait key=…",
        (
            *_KEY,
            Parameter("timeout", f"maximum seconds to wait ({events.WAIT_SECONDS:g}); then the cell fails", seconds),
        ),
    ),
    Verb(
        "list",
        "Your events, newest first.",
        (
            Parameter("key", "only of this key, or of a pattern such as lead.*"),
            Parameter("status", "only with a delivery of this status", one_of(*STATUSES)),
            Parameter("text", "only with this text anywhere in them"),
            Parameter("limit", f"maximum number ({_LIMIT})", whole_number),
        ),
    ),
)
HELP = describe("%event", "Events of this notebook's hub.", VERBS)


def run(notebook: Notebook, line: str) -> Any:
    """Run a line of the magic; UsageError if its words are wrong."""
    verb, words = read_verb("%event", line, VERBS)
    return _DO[verb.name](notebook, words)


def _send(notebook: Notebook, words: Words) -> events.SentEvent:
    return events.send(notebook, _key(words, "send"), words.get("payload"))


def _wait(notebook: Notebook, words: Words) -> Event:
    return events.wait(notebook, _key(words, "wait"), words.get("timeout", events.WAIT_SECONDS))


def _list(notebook: Notebook, words: Words) -> EventList:
    asked = {name: words.get(name) for name in ("key", "status", "text")}
    return EventList(notebook, event_filter(**asked, since=None, until=None), words.get("limit", _LIMIT))


def _key(words: Words, verb: str) -> str:
    key = words.get("key") or words.get("eventKey")
    if not key:
        raise UsageError(f"%event {verb} needs key=…: the event key, such as webhook.lead.created")
    return str(key)


_DO = {"send": _send, "wait": _wait, "list": _list}
