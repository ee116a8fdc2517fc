"""A pipeline as a picture: what leads where, and nothing of its author's text that acts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pfnb.commands import load
from pfnb.language import parse_pipeline
from pfnb.language.editing.diagram import MAX_STEPS, flowchart, tree

NODE = re.compile(r'    (n\d+)(\(\[|\[\[|\[|\{\{)"([^"]*)"(?:\]\)|\]\]|\]|\}\})')
EDGE = re.compile(r'    (n\d+) -->(?:\|"([^"]*)"\|)? (n\d+)')
TEXT = """
pipeline:
  - event.listen: {eventKey: webhook.lead.*, filter: body.age >= 18}
  - log: {message: hi, if: "#{body.vip}"}
  - if: "#{body.score > 5}"
  - foreach: {in: "a, b", as: item}
  - set: {value: "#{vars.item}", output: vars.last}
  - foreach.end
  - if.else
  - body.set: [1, "#{vars.x}"]
  - if.end
  - assert: {true: true}
"""


def decoded(label: str) -> str:
    return re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label)


def graph(text: str) -> set[tuple[str, str, str]]:
    """The arrows of a chart: from what, labelled how, to what. Every line must be a node or an arrow."""
    head, *lines = flowchart(parse_pipeline(text, load())).splitlines()
    assert head == "flowchart TD"
    nodes = {found[1]: decoded(found[3]).split("<br/>")[0] for line in lines if (found := NODE.fullmatch(line))}
    edges = [found.groups() for line in lines if (found := EDGE.fullmatch(line))]
    assert len(nodes) + len(edges) == len(lines)
    return {(nodes[source], decoded(label or ""), nodes[target]) for source, label, target in edges}


def test_the_chart_leads_through_conditions_loops_and_branches() -> None:
    assert graph(TEXT) == {
        ("event webhook.lead.* [if body.age >= 18]", "", "if #{body.vip}"),
        ("if #{body.vip}", "yes", "log"),
        ("if #{body.vip}", "no", "if"),
        ("log", "", "if"),
        ("if", "then", "foreach"),
        ("foreach", "each", "set"),
        ("set", "", "foreach"),
        ("if", "else", "body.set"),
        ("foreach", "done", "assert"),
        ("body.set", "", "assert"),
        ("assert", "", "end"),
    }


def test_errors_and_endings_have_ways_of_their_own() -> None:
    text = """
pipeline:
  - log
  - switch: {body < 1: few, "true": "#{vars.many}"}
  - except: {type: NotFoundError}
  - set: {value: 1}
  - except.end
  - wait: 1
  - finally:
  - body.set: bye
"""
    assert graph(text) == {
        ("start", "", "log"),
        ("log", "", "switch"),
        ("switch", "after an error", "except"),
        ("except", "", "set"),
        ("switch", "", "wait"),
        ("set", "error dropped", "wait"),
        ("wait", "", "finally"),
        ("finally", "", "body.set"),
        ("body.set", "", "end"),
    }
    assert "├─ switch body < 1: few, true: #{vars.many}" in tree(parse_pipeline(text, load()))


def test_a_branch_without_else_may_be_passed_by() -> None:
    assert ("if", "else", "end") in graph("pipeline:\n  - if: true\n  - log\n  - if.end\n")


def test_the_tree_indents_what_blocks_govern() -> None:
    assert tree(parse_pipeline(TEXT, load())).splitlines() == [
        "event webhook.lead.* [if body.age >= 18]",
        "├─ log hi [if #{body.vip}]",
        "├─ if #{body.score > 5}",
        "│  └─ foreach a, b, as: item",
        "│     └─ set #{vars.item}, → vars.last",
        "│  if.else",
        '│  └─ body.set [1, "#{vars.x}"]',
        "└─ assert true",
    ]


@pytest.mark.parametrize(
    "text",
    [
        '"] --> n1; click n1 href "javascript:alert(1)"',
        "<img src=x onerror=alert(1)>",
        "%%{init: {'theme': 'dark'}}%%",
        "end\nsubgraph x",
        "`**bold**` #quot; &quot; \\",
        "style n1 fill:#f00;",
        "\x00\x1b\u202e",
    ],
)
def test_what_stands_in_a_pipeline_is_nothing_but_a_label(text: str) -> None:
    pipeline = parse_pipeline("vars: {a: 1}\npipeline:\n  - body.set: x\n", load())
    step = pipeline.steps[0]
    step.arguments["value"] = text  # type: ignore[index,union-attr]
    lines = flowchart(pipeline).splitlines()
    labels = [found[3] for line in lines[1:] if (found := NODE.fullmatch(line))]
    assert len(labels) == 3
    assert re.fullmatch(r"body.set<br/>(?:[\w .,=/()…–→-]|#\d+;)*", labels[1])


def test_a_long_pipeline_is_cut() -> None:
    chart = flowchart(parse_pipeline("pipeline:\n" + "  - log\n" * (MAX_STEPS + 7), load()))
    assert "… 7 more" in chart
    assert chart.count("log") == MAX_STEPS


def test_secrets_are_masked_before_they_are_cut() -> None:
    secret = "x" * 50 + "geheim" + "y" * 50
    pipeline = parse_pipeline(f"pipeline:\n  - log: {{message: {secret}}}\n", load())

    def mask(text: str) -> str:
        return text.replace("geheim", "•")

    shown: list[Any] = [flowchart(pipeline, mask=mask), tree(pipeline, mask=mask)]
    assert all("gehe" not in each for each in shown)
