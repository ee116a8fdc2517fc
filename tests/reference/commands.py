"""The pages of commands, a page for each module of `pfnb/commands`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

from pfnb.commands import load
from pfnb.language import Command
from pfnb.language.editing.help import ParameterHelp, parameters_in_words, signature
from tests.reference.markdown import code, codes, page, pipelines, table

FOLDER = "commands"
ROOM = "pfnb.commands."


def command_groups() -> dict[str, list[Command]]:
    """The built-in commands by the module they are declared in."""
    groups: dict[str, list[Command]] = {}
    for command in load():
        module = command.function.__module__
        if module.startswith(ROOM):
            groups.setdefault(module.removeprefix(ROOM).partition(".")[0], []).append(command)
    return dict(sorted(groups.items()))


def command_pages() -> Iterator[tuple[str, str]]:
    for group, commands in command_groups().items():
        lines = [f"# Commands: {group}", "", group_summary(commands), ""]
        for command in commands:
            lines += _command(command)
        lines += [
            "Every command also has the [common parameters](../common-parameters.md). A user who may not do everything needs",
            f"the role `CAN_PIPE_` with its name, such as `CAN_PIPE_{commands[0].name}`.",
        ]
        yield f"{FOLDER}/{group}.md", page(lines)


def group_summary(commands: list[Command]) -> str:
    return (inspect.getdoc(sys.modules[commands[0].function.__module__]) or "").partition("\n\n")[0]


def anchor(name: str) -> str:
    return name.replace(".", "")


def _command(command: Command) -> Iterator[str]:
    yield f"## {command.name}"
    yield ""
    yield code(signature(command))
    yield ""
    yield command.description
    yield ""
    yield from table(
        ["parameter", "type", "required", "default", "what it is"], map(_parameter, parameters_in_words(command))
    )
    notes = [f"* {note}" for note in _notes(command)]
    yield from [*notes, ""] if notes else []
    yield from pipelines(command.documentation)


def _parameter(row: ParameterHelp) -> list[str]:
    also = f" Also spelt {codes(row.aliases)}." if row.aliases else ""
    return [code(row.name), row.type, "yes" if row.required else "", code(row.default), f"{row.description}{also}"]


def _notes(command: Command) -> Iterator[str]:
    if command.aliases:
        yield f"Also known as {codes(command.aliases)}."
    if command.shorthand is not None:
        spelt = command.parameters.spelling_of(command.shorthand)
        yield f"`- {command.name}: X` is short for `- {command.name}: {{{spelt}: X}}`."
    if command.block is not None:
        parts = f" Parts within it begin with {codes(command.block.parts)}." if command.block.parts else ""
        yield f"The steps it governs end with `{command.block.end}`.{parts}"
    if command.anonymous:
        yield "Anybody's run may use it, also one that a webhook has started."
    if command.read_only:
        yield "It changes nothing, so a plain link to it may be followed in a browser that is logged in."
