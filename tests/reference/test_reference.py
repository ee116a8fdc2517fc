"""The reference says what there is, all of it, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pfnb.environment import VARIABLES
from pfnb.server.extension import PfnbExtension
from tests.reference.pages import DOCS, pages
from tests.reference.settings import PARSERS, commands_of

SOURCE = Path(__file__).parents[2] / "pfnb"
PAGES = pages()
LINK = re.compile(r"\]\(([^)#:]+)(?:#([^)]*))?\)")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_what_make_docs_would_write(path: str) -> None:
    assert (DOCS / path).read_text() == PAGES[path], "run `make docs`"


def test_there_is_no_page_of_something_that_is_gone() -> None:
    there = {str(path.relative_to(DOCS)) for folder in ("commands", "functions") for path in (DOCS / folder).glob("*")}
    assert there - PAGES.keys() == set()


def test_every_environment_variable_is_explained() -> None:
    used = {
        name
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r"\b(?:PFNB|JUPYTERHUB)_[A-Z_]*[A-Z]\b", path.read_text())
    }
    assert used == VARIABLES.keys()


def test_every_setting_of_the_server_is_explained() -> None:
    assert [name for name, trait in PfnbExtension.class_own_traits(config=True).items() if not trait.help] == []


def test_every_word_of_the_command_line_is_explained() -> None:
    parsers = [each for program in PARSERS for each in commands_of(program)]
    silent = [choice.dest for choice, _ in parsers if not choice.help]
    silent += [
        f"{choice.dest} {action.dest}" for choice, parser in parsers for action in parser._actions if not action.help
    ]
    assert parsers
    assert silent == []


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: str(path.relative_to(DOCS)))
def test_links_lead_somewhere(path: Path) -> None:
    for file, anchor in LINK.findall(path.read_text()):
        target = path.parent / file
        assert target.exists(), file
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        assert not anchor or anchor in {re.sub(r"[^\w-]", "", each.lower().replace(" ", "-")) for each in headings}
