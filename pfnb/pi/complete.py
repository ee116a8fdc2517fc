"""Completion of `pi` in a shell: which words may come next. Bash supports it directly, zsh through bashcompinit."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.pi.client import GetClient
from pfnb.pi.workspace import short_path

ASK = "complete-line"
"""The verb that shells call."""
_SCRIPTS = {
    "bash": f"complete -o default -o nospace -C 'pi {ASK}' pi\n",
    "zsh": f"autoload -U +X bashcompinit && bashcompinit\ncomplete -o default -o nospace -C 'pi {ASK}' pi\n",
}
SHELLS = tuple(_SCRIPTS)
_FLAGS = ("--json", "--url=", "--token=", "--help")
_PATHS = ("list", "get", "delete")


def script(words: argparse.Namespace, _hub: GetClient) -> str:
    """`pi completion bash`: the line for the shell's start-up file."""
    return _SCRIPTS[words.shell]


def answer(words: argparse.Namespace, hub: GetClient) -> str:
    """The output for the shell: one candidate per line, followed by a space if the word is complete."""
    line = os.environ.get("COMP_LINE", "")
    try:
        point = int(os.environ.get("COMP_POINT", ""))
    except ValueError:
        point = len(line)
    return "\n".join(candidates(line[:point], words.verbs, hub))


def candidates(line: str, verbs: Iterable[str], hub: GetClient) -> list[str]:
    """Candidates for the last word of the line up to the cursor. Those for a value omit its `name=`: bash only replaces what
    follows the `=`."""
    words = line.split()[1:]
    current = "" if not words or line[-1:].isspace() else words.pop()
    name, equals, value = current.partition("=")
    if equals:
        return sorted(f"{one} " for one in _values(words, name) if one.startswith(value))
    return sorted(one for one in _words(words, current, verbs, hub) if one.startswith(current))


def _words(words: list[str], current: str, verbs: Iterable[str], hub: GetClient) -> Iterator[str]:
    if current.startswith("-"):
        yield from (flag if flag.endswith("=") else f"{flag} " for flag in _FLAGS)
    elif not words:
        yield from (f"{verb} " for verb in verbs)
    elif words == ["help"]:
        yield "command "
    elif words in (["command"], ["help", "command"]):
        yield from (f"{name} " for name in _registry().names())
    elif words[0] == "command":
        given = {word.partition("=")[0] for word in words[2:]}
        yield from (f"{name}=" for name in _names(words[1], current) if name not in given)
    elif words[0] in _PATHS:
        yield from (f"{path} " for path in _paths(hub))
    elif words == ["completion"]:
        yield from (f"{shell} " for shell in SHELLS)


def _names(command: str, current: str) -> Iterator[str]:
    """The parameters of a command. Of one that takes a map also its keys, once its name and a dot are there."""
    yield from _parameters(command)
    head, dot, _ = current.partition(".")
    registry = _registry()
    if dot and command in registry:
        kind = registry.get(command).parameters.maps.get(head)
        yield from (f"{head}.{key}" for key in (kind.keys if kind is not None else ()))


def _values(words: list[str], name: str) -> list[str]:
    """The values of a command's parameter, if it has a fixed set."""
    from pfnb.presets.table import names as preset_names

    if len(words) < 2 or words[0] != "command":
        return []
    schema = _parameters(words[1]).get(name, {})
    choices = [schema, *schema.get("anyOf", ())]
    if any(choice.get("type") == "boolean" for choice in choices):
        return ["true", "false"]
    if schema.get("format") == "preset":
        return preset_names()
    return [str(value) for choice in choices for value in choice.get("enum", ())]


def _parameters(command: str) -> dict[str, Any]:
    from pfnb.language.editing.schema import parameters_schema

    registry = _registry()
    return dict(parameters_schema(registry.get(command)).get("properties", {})) if command in registry else {}


def _registry() -> Any:
    from pfnb import commands

    return commands.load()


def _paths(hub: GetClient) -> list[str]:
    """The paths of the hub's properties; none if the hub is unreachable: completion cannot show errors."""
    try:
        found = hub().command("property.keys", {}).value
    except (PfnbError, OSError):
        return []
    return [short_path(str(path)) for path in found]
