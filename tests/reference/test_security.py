"""The threat model names tests that there are."""

from __future__ import annotations

import re

import pytest

from tests.reference.pages import DOCS

NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", (DOCS / "security.md").read_text())
TESTS = DOCS.parent / "tests"


def test_every_claim_of_a_table_names_a_test() -> None:
    text = (DOCS / "security.md").read_text()
    claims = [
        row
        for table in text.split("| what holds | shown by |\n")[1:]
        for row in table.split("\n\n")[0].splitlines()[1:]
    ]
    assert [claim for claim in claims if not re.search(r"\.py::", claim)] == []
    assert len(claims) > 30


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_exists(file: str, name: str) -> None:
    assert re.search(rf"def {name}\(", (TESTS / file).read_text())
