"""All pages of the reference, and their index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.reference.code_map import code_map_page
from tests.reference.commands import FOLDER as COMMANDS
from tests.reference.commands import anchor, command_groups, command_pages
from tests.reference.commands import group_summary as commands_summary
from tests.reference.functions import FOLDER as FUNCTIONS
from tests.reference.functions import function_groups, function_pages
from tests.reference.functions import group_summary as functions_summary
from tests.reference.http import http_page
from tests.reference.markdown import page, table
from tests.reference.pipeforce import pipeforce_page
from tests.reference.presets import presets_page
from tests.reference.protocol import protocol_page
from tests.reference.settings import common_parameters_page, headers_page, magics_page, settings_page

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> dict[str, str]:
    """The generated pages by their path below `docs/`."""
    made = {
        "code-map.md": code_map_page(),
        "headers.md": headers_page(),
        "common-parameters.md": common_parameters_page(),
        "http.md": http_page(),
        "magics.md": magics_page(),
        "coming-from-pipeforce.md": pipeforce_page(),
        "presets.md": presets_page(),
        "session-protocol.md": protocol_page(),
        "settings.md": settings_page(),
        **dict(command_pages()),
        **dict(function_pages()),
    }
    return {"README.md": page(_index(set(made))), **made}


def _index(made: set[str]) -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Commands, functions and settings describe themselves: `make docs` writes these pages from their declarations, and the"
    yield "tests run every example in them."
    yield ""
    yield from _guides(made)
    yield "[Coming from PIPEFORCE](coming-from-pipeforce.md) says what differs, command by command."
    yield ""
    yield "## Pipelines"
    yield ""
    yield "* [Headers](headers.md) and [common parameters](common-parameters.md)"
    yield "* [Magics](magics.md) of a notebook"
    yield "* [Presets](presets.md): webhooks for well-known senders"
    yield "* [HTTP](http.md): the addresses of a hub"
    yield "* [Session protocol](session-protocol.md): what kernels and workers ask of a hub"
    yield "* [A map of the code](code-map.md), for contributors"
    yield "* [Settings](settings.md): environment, Jupyter Server, command line"
    yield ""
    yield "## Commands"
    yield ""
    yield from table(["group", "commands", "what for"], _command_rows())
    yield "## Functions"
    yield ""
    yield from table(["group", "functions", "what for"], _function_rows())


def _guides(made: set[str]) -> Iterator[str]:
    """The pages that people have written, by their titles."""
    written = sorted(path for path in DOCS.glob("*.md") if path.name not in made | {"README.md"})
    if written:
        yield "## Guides"
        yield ""
        yield from (f"* [{path.read_text().partition(chr(10))[0].lstrip('# ')}]({path.name})" for path in written)
        yield ""


def _command_rows() -> Iterator[list[str]]:
    for group, commands in command_groups().items():
        file = f"{COMMANDS}/{group}.md"
        names = ", ".join(f"[{command.name}]({file}#{anchor(command.name)})" for command in commands)
        yield [f"[{group}]({file})", names, commands_summary(commands)]


def _function_rows() -> Iterator[list[str]]:
    for group, functions in function_groups().items():
        file = f"{FUNCTIONS}/{group}.md"
        names = ", ".join(f"`{function.name.rpartition('.')[2]}`" for names in functions for function in names)
        yield [f"[@{group}]({file})", names, functions_summary(functions)]
