"""The pages of what can be said and set: headers, common parameters, magics, environment, server, command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from traitlets import HasTraits

from pfnb.cli import build_parser
from pfnb.environment import VARIABLES
from pfnb.kernel.magics.magics import PfnbMagics
from pfnb.language.declaration import Setting
from pfnb.language.editing.help import type_in_words
from pfnb.language.reading.headers import KNOWN
from pfnb.language.reading.options import COMMON
from pfnb.pi.main import parser as pi_parser
from pfnb.server.extension import PfnbExtension
from tests.reference.markdown import code, codes, fenced, page, table

PARSERS = (build_parser(), pi_parser())


def headers_page() -> str:
    return page(
        [
            "# Headers",
            "",
            "What a pipeline says of itself in its section `headers`. Names that are not listed here are your own:",
            "expressions read them as `headers.NAME`.",
            "",
            *_settings("header", KNOWN),
        ]
    )


def common_parameters_page() -> str:
    return page(
        [
            "# Common parameters",
            "",
            "Every command has them beside its own.",
            "",
            *_settings("parameter", COMMON),
        ]
    )


def settings_page() -> str:
    return page(
        [
            "# Settings",
            "",
            "## Environment",
            "",
            *table(["variable", "what it is"], ([code(name), text] for name, text in VARIABLES.items())),
            "## Jupyter Server",
            "",
            "In `jupyter_server_config.py` as `c.PfnbExtension.NAME = …`, or as `--PfnbExtension.NAME=…` on the command line.",
            "",
            *table(["name", "what it is"], _traits(PfnbExtension)),
            *(line for parser in PARSERS for line in _command_line(parser)),
        ]
    )


def magics_page() -> str:
    lines = ["# Magics", "", "What `%load_ext pfnb` brings. Tab completes all of it.", ""]
    for name in sorted({name for names in PfnbMagics.magics.values() for name in names}):
        lines += [f"## %{name}", "", *fenced("", getattr(PfnbMagics, name).__doc__ or "")]
    return page(lines)


def _settings(kind: str, settings: Mapping[str, Setting]) -> list[str]:
    rows = ([code(name), type_in_words(each.schema), each.description] for name, each in sorted(settings.items()))
    return table([kind, "values", "what it is"], rows)


def _traits(extension: type[HasTraits]) -> Iterator[list[str]]:
    for name, trait in sorted(extension.class_own_traits(config=True).items()):
        yield [code(name), trait.help]


def _command_line(program: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {program.prog}"
    yield ""
    yield program.description or ""
    yield ""
    for choice, parser in commands_of(program):
        yield f"### {program.prog} {choice.dest}"
        yield ""
        yield f"{(choice.help or '')[:1].upper()}{(choice.help or '')[1:]}."
        yield ""
        yield from table(["argument", "what it is"], _arguments(parser))


def commands_of(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.Action, argparse.ArgumentParser]]:
    """The subcommands of a parser: what its own help says of each, and its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from zip(action._choices_actions, action.choices.values(), strict=True)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[list[str]]:
    formatter = parser._get_formatter()
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction):
            shown = codes(action.option_strings) or code(str(action.metavar or action.dest))
            yield [shown, formatter._expand_help(action) if action.help else ""]
