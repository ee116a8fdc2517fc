"""PIPEFORCE's documented examples give the documented output."""

import json
from pathlib import Path

import pytest

from pfnb.exceptions import PelEvaluationError
from pfnb.language import render
from pfnb.language.pel import to_text

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT.parent / "shared" / "pel" / "docs_examples.jsonl"
TABLE = (ROOT / "docs" / "expressions-differences.md").read_text()
CONTRADICTIONS = TABLE.partition("## Examples of PIPEFORCE's documentation")[2].partition("\n## ")[0]


def examples():
    if not EXAMPLES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"the documented examples are not here: {EXAMPLES}"))]
    rows = map(json.loads, EXAMPLES.read_text().splitlines())
    return [pytest.param(row, id=row["id"]) for row in rows if f"`{row['expr']}`" not in CONTRADICTIONS]


@pytest.mark.parametrize("row", examples())
def test_a_documented_example_gives_what_is_documented(row):
    scope = {"vars": row["vars"], "body": row["body"], "headers": row["headers"]}
    if row["kind"] == "error":
        with pytest.raises(PelEvaluationError):
            render(row["expr"], scope)
    elif row["kind"] == "text":
        assert to_text(render(row["expr"], scope)) == row["expected"]
    else:
        assert render(row["expr"], scope) == row["expected"]


def test_few_examples_contradict_their_own_documentation():
    assert CONTRADICTIONS.count("\n* ") == 4
