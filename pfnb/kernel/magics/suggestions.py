"""Completions in a magic's line: verbs, parameters, values and flags, from the same tables that check the line."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import islice
from pathlib import Path

from pfnb.kernel.magics.words import OneOf, Parameter, Verb, boolean

_MOST = 200
_VALUE, _PATH = "value", "path"
_KINDS = {
    "key": "event-key",
    "eventKey": "event-key",
    "uuid": "webhook",
    "id": "event",
    "name": "pipeline-name",
    "listener": "pipeline-name",
    "command": "command-name",
    "preset": "preset",
    "handshake": "preset",
    "file": _PATH,
    "path": _PATH,
}
"""What kind of value a parameter of this name takes, in every magic."""

Names = Callable[[str], Iterable[str]]
"""Returns the known names of a kind."""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`texts` may replace `fragment`, the part of the word typed so far; `kind` says what they are."""

    fragment: str
    texts: tuple[str, ...]
    kind: str


def suggest_verb(line: str, verbs: Sequence[Verb], names: Names) -> Suggestions | None:
    """Completions for a magic with verbs; `line` ends at the cursor. None inside a quoted text."""
    words = _words(line)
    if words is None:
        return None
    if len(words) == 1:
        return _fitting(words[0], (verb.name for verb in verbs), "verb")
    verb = next((verb for verb in verbs if verb.name == words[0]), None)
    return _fitting(words[-1], (), "verb") if verb is None else _suggest(words[1:], verb, names)


def suggest_words(line: str, verb: Verb, names: Names) -> Suggestions | None:
    """The same for a magic without verbs."""
    words = _words(line)
    return None if words is None else _suggest(words, verb, names)


def _words(line: str) -> list[str] | None:
    """The words up to the cursor; the last, possibly empty, is being typed. None inside a quoted text."""
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    if not line or line[-1].isspace():
        return [*words, ""]
    return words if line.endswith(words[-1]) else None


def _suggest(words: list[str], verb: Verb, names: Names) -> Suggestions:
    word, before = words[-1], words[:-1]
    name, equals, value = word.partition("=")
    if equals:
        parameter = next((one for one in verb.parameters if one.name == name), None)
        return _fitting(value, () if parameter is None else _values(parameter, value, names), _kind(parameter))
    first = verb.first
    if first is not None and not word.startswith("-") and (first.many or not before):
        found = _fitting(word, _values(first, word, names), _kind(first))
        if found.texts:
            return found
    return _fitting(word, _further(before, verb, word), "parameter")


def _further(before: Sequence[str], verb: Verb, word: str) -> Iterator[str]:
    written = {word.partition("=")[0] for word in before}
    for parameter in verb.parameters:
        if word.startswith(f"{parameter.name}."):
            yield from (f"{parameter.name}.{key}=" for key in parameter.keys)
        if parameter.many or parameter.name not in written:
            yield f"{parameter.name}="
    yield from (f"--{flag}" for flag in verb.flags if f"--{flag}" not in written)


def _values(parameter: Parameter, fragment: str, names: Names) -> Iterable[str]:
    if isinstance(parameter.read, OneOf):
        return parameter.read.choices
    if parameter.read is boolean:
        return ("true", "false")
    kind = _kind(parameter)
    if kind == _PATH:
        return _paths(fragment)
    return () if kind == _VALUE else names(kind)


def _paths(fragment: str) -> list[str]:
    """Files and folders, quoted as for a shell."""
    folder, slash, start = fragment.rpartition("/")
    try:
        found = sorted(islice(Path(folder + slash).expanduser().glob(f"{escape(start)}*"), _MOST))
    except OSError:
        return []  # a folder that cannot be read
    shown = [path for path in found if start or not path.name.startswith(".")]
    return [f"{folder}{slash}{shlex.quote(path.name)}{'/' if path.is_dir() else ''}" for path in shown]


def _kind(parameter: Parameter | None) -> str:
    return _VALUE if parameter is None else _KINDS.get(parameter.name, _VALUE)


def _fitting(fragment: str, texts: Iterable[str], kind: str) -> Suggestions:
    fitting = (text for text in texts if text.lower().startswith(fragment.lower()))
    return Suggestions(fragment, tuple(dict.fromkeys(fitting)), kind)
