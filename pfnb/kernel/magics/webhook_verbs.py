"""The verbs of `%webhook`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from IPython.core.error import UsageError

from pfnb.client.results import FailedRows, Replayed
from pfnb.commands.webhook_settings import METHODS, SPELLINGS, TYPES, described
from pfnb.kernel.magics.event_verbs import STATUSES
from pfnb.kernel.magics.words import (
    Parameter,
    Verb,
    Words,
    boolean,
    describe,
    json_or_text,
    keys_of,
    one_of,
    read_verb,
    reader_of,
    seconds,
    whole_number,
)
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.objects import inspection, leaks, runs, sending, webhooks
from pfnb.kernel.objects.testcall import Answer, Request
from pfnb.rows.event import Filter
from pfnb.rows.webhook import HandshakeState

_WHICH = (
    Parameter("uuid", "which webhook: its uuid, or the six last characters that displays show"),
    Parameter("eventKey", "which webhook, if you have only one of this event key"),
)
_FAILED = 20
VERBS = (
    Verb(
        "put",
        "Create a webhook, or change yours of this event key.",
        (
            *(
                Parameter(SPELLINGS[name], described(kind), reader_of(kind), keys=keys_of(kind))
                for name, kind in TYPES.items()
            ),
            Parameter("secret", "the sender's secret, where its preset wants it"),
            Parameter("uuid", "change this webhook, or create one with this uuid"),
            Parameter("new", "true: create another webhook of this event key", boolean),
        ),
    ),
    Verb("get", "Your webhooks, or one of them.", _WHICH),
    Verb("delete", "Delete a webhook.", _WHICH),
    Verb(
        "receive",
        "Call a webhook over HTTP, as a test.",
        (
            *_WHICH,
            Parameter("file", "path of a file to send; may be repeated", many=True),
            Parameter("body", "JSON or text to send", json_or_text),
            Parameter("method", "POST (default), GET, PUT, PATCH or DELETE", one_of("POST", *METHODS)),
            Parameter("wait", "true: wait for the pipeline's answer", boolean),
            Parameter("timeout", "maximum seconds to wait (30)", seconds),
        ),
        fields="a field of the form to send, or of the query with method=GET",
    ),
    Verb(
        "send",
        "Send a message to somebody else's webhook, and show what it answers.",
        (
            Parameter("url", "the URL to call", required=True),
            Parameter("message", "JSON or text to send", json_or_text),
            Parameter("file", "path of a file to send; may be repeated", many=True),
            Parameter("timeout", "seconds to wait for each answer (30)", seconds),
        ),
    ),
    Verb(
        "logs",
        "List the requests that a webhook received, newest first, and those refused.",
        (*_WHICH, Parameter("limit", "maximum number (20)", whole_number)),
    ),
    Verb(
        "rotate",
        "Give a webhook a new uuid, if others have seen the old one.",
        (*_WHICH, Parameter("overlap", f"seconds for which the old one still works ({webhooks.OVERLAP:g})", seconds)),
    ),
    Verb(
        "scan",
        "Scan files, notebooks and git history for uuids of your webhooks, and deactivate the webhooks found.",
        flags={"dry-run": "only report what is found", "no-history": "skip the history of git repositories"},
        first=Parameter("path", "files and folders to scan (this folder)", many=True),
    ),
    Verb(
        "replay",
        "Deliver an event again, to all that now listen for its key.",
        (
            Parameter("id", "the event's id, as lists of events show it", required=True),
            Parameter("listener", "only to this pipeline"),
        ),
    ),
    Verb(
        "failed",
        "List deliveries that failed, are being retried or are running, newest first; or discard one.",
        (
            Parameter("limit", f"maximum number ({_FAILED})", whole_number),
            Parameter(
                "discard", "discard the run with this number: it becomes dead, and the next ones proceed", whole_number
            ),
            Parameter("reason", "the reason, for readers of the history"),
        ),
    ),
    Verb(
        "inspect",
        "The live inspector: events appear as they arrive, with payload, files and deliveries.",
        (
            Parameter("status", "of a delivery: " + ", ".join(STATUSES), one_of(*STATUSES)),
            Parameter("text", "found in key, payload, headers, query, file names"),
            Parameter("webhook", "the uuid of a webhook, or its six last characters"),
        ),
        first=Parameter("key", "event key, or a pattern such as webhook.#"),
    ),
    Verb(
        "handshake",
        "The newest handshake of a webhook, and what you may need to finish it at the sender.",
        _WHICH,
        {"show": "including the verify token, and the secret that the sender has handed over"},
    ),
    Verb(
        "url",
        "Show the address for callers, and that for senders that allow no query.",
        _WHICH,
        {"show": "including the secret uuid"},
    ),
)
HELP = describe("%webhook", "Webhooks of this notebook's hub.", VERBS)


def run(notebook: Notebook, line: str) -> Any:
    """Run a line of the magic; UsageError if its words are wrong."""
    verb, words = read_verb("%webhook", line, VERBS)
    return _DO[verb.name](notebook, words)


def _put(notebook: Notebook, words: Words) -> webhooks.Webhook:
    fields = dict(words.values)
    new = fields.pop("new", False)
    if "eventKey" not in fields and "uuid" not in fields:
        raise UsageError(f"%webhook put needs eventKey=…: {described(TYPES['event_key'])}")
    return webhooks.put(notebook, fields, new=new)


def _get(notebook: Notebook, words: Words) -> Any:
    if "uuid" in words.values:
        return _named(notebook, words, "get")
    return webhooks.listed(notebook, words.get("eventKey"))


def _delete(notebook: Notebook, words: Words) -> webhooks.Webhook:
    webhook = _named(notebook, words, "delete")
    webhook.delete()
    return webhook


def _receive(notebook: Notebook, words: Words) -> Answer:
    body, files = words.get("body"), tuple(Path(path) for path in words.get("file", []))
    if body is not None and (files or words.fields):
        raise UsageError("%webhook receive sends either body=… or file=… and fields")
    _check_files("receive", files)
    method = words.get("method", "POST")
    if method == "GET" and (files or body is not None):
        raise UsageError("%webhook receive method=GET has no body: give fields for the query")
    webhook = _named(notebook, words, "receive")
    return webhook.call(
        Request(
            body, words.fields, files, method=method, wait=words.get("wait", False), timeout=words.get("timeout", 30.0)
        )
    )


def _send(notebook: Notebook, words: Words) -> Answer:
    files = [Path(path) for path in words.get("file", [])]
    if files and "message" in words.values:
        raise UsageError("%webhook send sends either message=… or file=…")
    _check_files("send", files)
    return sending.send(notebook, words.get("url"), words.get("message"), files, words.get("timeout", 30.0))


def _logs(notebook: Notebook, words: Words) -> Any:
    return _named(notebook, words, "logs").logs(words.get("limit", 20))


def _replay(notebook: Notebook, words: Words) -> Replayed:
    return Replayed(notebook.contents.replay(words.get("id"), words.get("listener")))


def _failed(notebook: Notebook, words: Words) -> FailedRows:
    number = words.get("discard")
    if number is None:
        if "reason" in words.values:
            raise UsageError("%webhook failed needs discard=…: the number of the run")
        return runs.failed(notebook, words.get("limit", _FAILED))
    return runs.discard(notebook, str(number), words.get("reason"))


def _rotate(notebook: Notebook, words: Words) -> webhooks.Webhook:
    return _named(notebook, words, "rotate").rotate(words.get("overlap", webhooks.OVERLAP))


def _scan(notebook: Notebook, words: Words) -> leaks.Leaks:
    flags = words.flags
    return leaks.scan(notebook, words.get("path", []), history="no-history" not in flags, dry_run="dry-run" in flags)


def _inspect(notebook: Notebook, words: Words) -> Any:
    return inspection.inspect(notebook, cast(Filter, words.values))


def _url(notebook: Notebook, words: Words) -> str:
    return _named(notebook, words, "url").address(show="show" in words.flags)


def _handshake(notebook: Notebook, words: Words) -> HandshakeState:
    return _named(notebook, words, "handshake").handshake(show="show" in words.flags)


def _check_files(verb: str, files: Iterable[Path]) -> None:
    for path in files:
        if not path.is_file():
            raise UsageError(f"%webhook {verb}: there is no file {path} (the notebook's folder is {Path.cwd()})")


def _named(notebook: Notebook, words: Words, verb: str) -> webhooks.Webhook:
    if "uuid" not in words.values and "eventKey" not in words.values:
        raise UsageError(f"%webhook {verb} needs uuid=… or eventKey=… of the webhook")
    return webhooks.find(notebook, uuid=words.get("uuid"), event_key=words.get("eventKey"))


_DO = {
    "put": _put,
    "get": _get,
    "delete": _delete,
    "receive": _receive,
    "logs": _logs,
    "replay": _replay,
    "failed": _failed,
    "rotate": _rotate,
    "send": _send,
    "scan": _scan,
    "inspect": _inspect,
    "handshake": _handshake,
    "url": _url,
}
