"""The page for users of PIPEFORCE: which of its commands there are here. What exists comes from the registry."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pfnb.commands
from pfnb.commands import load
from pfnb.language.reading.options import common_name
from tests.reference.commands import FOLDER, anchor, command_groups
from tests.reference.markdown import code, codes, page, table

LIST = Path(pfnb.commands.__file__).with_name("pipeforce_commands.tsv")
"""PIPEFORCE's documented commands: name, parameters that were not always taken here, and what it needs and pfnb has not."""
REFUSED = {
    "service": "names a service within PIPEFORCE's cloud",
    "runtime": "names a cloud of PIPEFORCE",
    "encrypted": "keep secrets by `secret.put`",
    "decrypt": "keep secrets by `secret.put`",
    "pipeline": "let the pipeline listen to the event key",
    "traceId": "each event has its own; `correlationId` ties events together",
}
"""Why a documented parameter is refused, where there is more to say."""


def pipeforce_page() -> str:
    return page(_lines())


def _lines() -> Iterator[str]:
    yield from (Path(__file__).with_name("pipeforce.md")).read_text().splitlines()
    yield ""
    yield "## Commands"
    yield ""
    yield "The commands that PIPEFORCE documents. A command that needs something else is not here: write it as a command of your"
    yield "own in Python, as the [README](../README.md) shows."
    yield ""
    yield from table(["command", "here", "differences"], _rows())


def _rows() -> Iterator[list[str]]:
    registry, files = load(), _files()
    with LIST.open(newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            name, needs = row["command"], row["needs"]
            if name not in registry:
                yield [code(name), "no", f"needs {needs}" if needs else "not built"]
                continue
            command = registry.get(name)
            given = row["parameters that are not everywhere"].split(", ")
            refused = [one for one in given if one and not _takes(command.parameters.spellings, one)]
            reasons = [f"{code(one)}: {REFUSED[one]}" for one in refused if one in REFUSED]
            rest = codes(one for one in refused if one not in REFUSED)
            notes = "; ".join(filter(None, ["no " + rest if rest else "", *(f"no {reason}" for reason in reasons)]))
            yield [code(name), f"[{command.name}]({FOLDER}/{files[command.name]}.md#{anchor(command.name)})", notes]


def _takes(spellings: dict[str, str], parameter: str) -> bool:
    return parameter in spellings or common_name(parameter) is not None


def _files() -> dict[str, str]:
    return {command.name: group for group, commands in command_groups().items() for command in commands}
