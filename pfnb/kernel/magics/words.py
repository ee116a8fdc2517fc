"""The words of a magic's line: definitions of verbs, parameters and flags, and their parser.

Lines are split as a shell splits them. Errors are UsageErrors that say what is allowed and what was probably meant.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from IPython.core.error import UsageError

from pfnb.language.maps import map_in


@dataclass(frozen=True, slots=True)
class Parameter:
    """`name=value`. `read` converts the text; for a wrong one it raises a ValueError whose text says what is expected. `keys` are
    those of a parameter that takes a map, with their help: `name.key=value` sets one of them."""

    name: str
    help: str
    read: Callable[[str], Any] = str
    required: bool = False
    many: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing a magic does. `first` is the parameter written without `name=`: the first word, or several if `many`. `fields`
    is the help for `name=value` words of any other name; None if those are errors."""

    name: str
    help: str
    parameters: tuple[Parameter, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    first: Parameter | None = None
    fields: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A parsed line: `values` by parameter name (a list if the parameter may be repeated), flags, and other fields."""

    values: dict[str, Any]
    flags: frozenset[str]
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)


def read_verb(magic: str, line: str, verbs: Sequence[Verb]) -> tuple[Verb, Words]:
    """The verb a line begins with, and its words."""
    words = split(line)
    names = [verb.name for verb in verbs]
    if not words:
        raise UsageError(f"{magic} needs a verb: {', '.join(names)}. {magic}? shows the help")
    for verb in verbs:
        if verb.name == words[0]:
            return verb, read_words(f"{magic} {verb.name}", words[1:], verb)
    raise UsageError(f"{magic} has no verb {words[0]!r}{_meant(words[0], names)}. Use one of {', '.join(names)}")


def read_words(command: str, words: Sequence[str], verb: Verb) -> Words:
    """The words after a verb, checked against what it takes."""
    values: dict[str, Any] = {}
    fields: list[tuple[str, str]] = []
    flags: set[str] = set()
    for place, word in enumerate(_joined(words, verb)):
        name, equals, text = word.partition("=")
        if not equals and word.startswith("--"):
            flags.add(_flag(command, word, verb))
        elif not equals and verb.first is not None and (place == 0 or verb.first.many):
            _keep(command, values, verb.first, word)
        elif not equals:
            raise UsageError(f"{word!r} is not a name=value pair: {_takes(command, verb)}")
        elif (parameter := _parameter(name, verb)) is not None:
            _keep(command, values, parameter, text)
        elif (parameter := _parameter(name.partition(".")[0], verb)) is not None and parameter.keys:
            _keep_key(command, values, parameter, name.partition(".")[2], text)
        elif verb.fields is not None:
            fields.append((name, text))
        else:
            known = [known.name for known in verb.parameters]
            raise UsageError(f"{command} has no parameter {name!r}{_meant(name, known)}. {_takes(command, verb)}")
    _check_required(command, values, verb)
    return Words(values, frozenset(flags), tuple(fields))


def _joined(words: Sequence[str], verb: Verb) -> list[str]:
    """`--name value` as `name=value`, where a parameter is written like a flag."""
    joined = list(words)
    for place in range(len(joined) - 2, -1, -1):
        name = joined[place].removeprefix("--")
        if name != joined[place] and any(parameter.name == name for parameter in verb.parameters):
            joined[place : place + 2] = [f"{name}={joined[place + 1]}"]
    return joined


def split(line: str) -> list[str]:
    """The words of a line, as a shell splits them."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"this line cannot be split into words: {error} (put values with spaces in quotes)") from None


def describe(magic: str, summary: str, verbs: Sequence[Verb]) -> str:
    """The help text of a magic."""
    lines = [summary, ""]
    for verb in verbs:
        lines += [f"{magic} {_signature(verb)}", f"    {verb.help}"]
        for parameter in verb.parameters:
            lines.append(f"      {parameter.name}=…  {parameter.help}")
            lines += [f"        {parameter.name}.{key}=…  {text}" for key, text in parameter.keys.items()]
        if verb.fields is not None:
            lines.append(f"      name=…  {verb.fields}")
        lines += [f"      --{flag}  {text}" for flag, text in verb.flags.items()]
    return "\n".join(lines)


def json_or_text(text: str) -> Any:
    """The text parsed as JSON if it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        if text[:1] in ("{", "["):
            raise ValueError("JSON, in single quotes so that its own quotes are kept: name='{\"a\": 1}'") from None
        return text


def boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def whole_number(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("a whole number from 1")
    return int(text)


def seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError("a number of seconds")
    return number


@dataclass(frozen=True, slots=True)
class OneOf:
    """Reads one of a few words."""

    choices: tuple[str, ...]

    def __call__(self, text: str) -> str:
        if text not in self.choices:
            raise ValueError(f"one of {', '.join(self.choices)}{_meant(text, self.choices)}")
        return text


def one_of(*choices: str) -> OneOf:
    return OneOf(choices)


def reader_of(kind: Any) -> Callable[[str], Any]:
    """Reads a value of this annotated type. What is neither a choice nor a boolean stays a text, which the hub converts."""
    base = get_args(kind)[0]
    if get_origin(base) is Literal:
        return one_of(*get_args(base))
    return boolean if base is bool else str


def keys_of(kind: Any) -> Mapping[str, str]:
    """The keys of the map that a parameter of this annotated type takes; none for other types."""
    found = map_in(kind)
    return found.keys if found is not None else {}


def _flag(command: str, word: str, verb: Verb) -> str:
    name = word.removeprefix("--")
    if name not in verb.flags:
        parameters = [parameter.name for parameter in verb.parameters]
        if name in parameters:
            raise UsageError(f"{command}: {word} needs a value: {name}=…")
        meant = _meant(word, [f"--{known}" for known in (*verb.flags, *parameters)])
        raise UsageError(f"{command} has no flag {word}{meant}. {_takes(command, verb)}")
    return name


def _parameter(name: str, verb: Verb) -> Parameter | None:
    spelt = name.replace("_", "").lower() if "_" in name else None
    for parameter in _all(verb):
        if parameter.name == name or (spelt is not None and parameter.name.lower() == spelt):
            return parameter
    return None


def _all(verb: Verb) -> tuple[Parameter, ...]:
    return verb.parameters if verb.first is None else (verb.first, *verb.parameters)


def _keep(command: str, values: dict[str, Any], parameter: Parameter, text: str) -> None:
    value = _value(command, parameter, text)
    if parameter.many:
        values.setdefault(parameter.name, []).append(value)
    elif parameter.name in values:
        raise UsageError(f"{command} takes {parameter.name}= only once")
    else:
        values[parameter.name] = value


def _keep_key(command: str, values: dict[str, Any], parameter: Parameter, key: str, text: str) -> None:
    """One key of a map. A repeated one has a list of values."""
    if key not in parameter.keys:
        raise UsageError(
            f"{command}: {parameter.name} has no {key!r}{_meant(key, list(parameter.keys))}. It has {', '.join(parameter.keys)}"
        )
    kept = values.setdefault(parameter.name, {})
    if not isinstance(kept, dict):
        raise UsageError(f"{command}: give {parameter.name} either as a whole or by {parameter.name}.{key}=…")
    present = kept.get(key)
    kept[key] = text if present is None else [*(present if isinstance(present, list) else [present]), text]


def _value(command: str, parameter: Parameter, text: str) -> Any:
    try:
        return parameter.read(text)
    except ValueError as error:
        raise UsageError(f"{command}: {parameter.name}= must be {error}") from None


def _check_required(command: str, values: Mapping[str, Any], verb: Verb) -> None:
    for parameter in _all(verb):
        if parameter.required and parameter.name not in values:
            given = parameter.name if parameter is verb.first else f"{parameter.name}=…"
            raise UsageError(f"{command} needs {given}: {parameter.help}")


def _takes(command: str, verb: Verb) -> str:
    signature = _signature(verb).removeprefix(verb.name).strip()
    return f"{command} takes {signature}" if signature else f"{command} takes no parameters"


def _signature(verb: Verb) -> str:
    words = [verb.name]
    if verb.first is not None:
        first = f"{verb.first.name.upper()}{' …' if verb.first.many else ''}"
        words.append(first if verb.first.required else f"[{first}]")
    for parameter in verb.parameters:
        word = f"{parameter.name}=…"
        words.append(word if parameter.required else f"[{word}]")
    if verb.fields is not None:
        words.append("[name=… …]")
    words += [f"[--{flag}]" for flag in verb.flags]
    return " ".join(words)


def _meant(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word.lower(), [name.lower() for name in known], n=1, cutoff=0.5)
    by_lower = {name.lower(): name for name in known}
    return f" (did you mean {by_lower[near[0]]}?)" if near else ""
