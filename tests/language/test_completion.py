"""What is proposed at a cursor, in texts that are as unfinished as those of people who are writing."""

from __future__ import annotations

import pytest

from pfnb.commands import load
from pfnb.language.editing.completion import Completion, complete
from pfnb.language.reading.headers import KNOWN
from pfnb.language.reading.options import COMMON


class Text:
    """Functions on texts."""

    def upper_case(self, text: str) -> str:
        """Put it in capitals. All of it."""
        return text.upper()


def completed(marked: str) -> tuple[str, Completion]:
    """What would be replaced, and the completion, of a text whose cursor is `|`."""
    before, after = marked.split("|")
    text = before + after
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    found = complete(
        text,
        line,
        column,
        load(),
        functions={"text": Text()},
        names=lambda kind: ["webhook.lead.created", "order.placed"] if kind == "event-key" else [],
    )
    return text[found.start : found.end], found


def proposed(marked: str) -> list[str]:
    return [candidate.text for candidate in completed(marked)[1].candidates]


STEP = "pipeline:\n  - log:\n      message: x\n"


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("|", ["headers: ", "vars: ", "pipeline: ", "body: "]),
        ("vars:\n  a: 1\n|\npipeline:\n- log\nbody: 1\n", ["headers: "]),
        ("headers:\n  conc|", ["concurrency: "]),
        ("headers: {name: x, na|", []),
        ("headers: {tracing: t|", ["true"]),
        ("headers: {ordered: |", ["strict"]),
        ("headers: {onError: |", ["THROW", "LOG", "IGNORE", "RETRY"]),
        ("pipeline:\n  - lo|", ["log: "]),
        ("pipeline:\n- lo|\n", ["log: "]),
        ("pipeline:\n  lo|", []),
        ("pipeline:\n  - if:\n  - if.e|\n", ["if.else: ", "if.end: "]),
        ("pipeline: [log, webhook.g|", ["webhook.get"]),
        ("pipeline: [{webhook.g|", ["webhook.get: "]),
        ('{\n"pipeline": [\n{"log": {"le|', ["level: "]),
        ("pipeline:\n  - log:\n      le|\n", ["level: "]),
        ("pipeline:\n  - log:\n    le|\n", []),
        ("pipeline:\n  - log: {message: 'a, {b', le|", ["level: "]),
        ("pipeline:\n  - log: {message: x, l|: x}", ["level"]),
        ("pipeline:\n  - log: {message: x, level: w|}", ["WARN"]),
        ("pipeline:\n  - log:\n      level: 'wa|", ["WARN"]),
        ("pipeline:\n  - set.body:\n      val|", ["value: "]),
        ("pipeline:\n  - webhook.put: {payload_type: r|", ["raw"]),
        ("pipeline:\n  - webhook.put:\n      active: |", ["true", "false"]),
        ("pipeline:\n  - event.listen:\n      eventKey: web|", ["webhook.lead.created"]),
        ("pipeline:\n  - event.send: {key: |", ["webhook.lead.created", "order.placed"]),
        ("pipeline:\n  - log:\n      onError:\n        act|", ["action: "]),
        ("pipeline:\n  - body.set:\n      value:\n        le|", []),
        ("pipeline:\n  - log:\n      message: |", []),
        ("pipeline:\n  - log: x\n  # lo|", []),
    ],
)
def test_what_may_stand_at_the_cursor(marked: str, expected: list[str]) -> None:
    assert proposed(marked) == expected


def test_parameters_that_are_not_given_yet_are_proposed_wherever_the_others_stand() -> None:
    expected = ["level: ", "suffix: ", *(f"{name}: " for name in COMMON if name != "if")]
    assert (
        proposed("pipeline:\n  - log:\n      message: x\n      |\n      if: true\n  - log:\n      level: INFO\n")
        == expected
    )
    assert proposed("pipeline:\n  - log: {message: x, |, if: true}") == expected


def test_where_a_list_is_due_a_step_comes_with_its_dash() -> None:
    assert "- log: " in proposed("pipeline:\n  |")


def test_within_a_text_of_several_lines_nothing_is_proposed() -> None:
    text = "pipeline:\n  - log:\n      message: TEXT\n        le|\n      lev".replace("TEXT", chr(124))
    before, _, after = text.rpartition("|")
    found = complete(before + after, 4, 11, load())
    assert found.candidates == ()


def test_a_candidate_says_what_it_is() -> None:
    said = {candidate.text: candidate.detail for candidate in completed("pipeline:\n  - |")[1].candidates}
    assert said["log: "] == "Log a message."
    said = {candidate.text: candidate.detail for candidate in completed(STEP + "      |")[1].candidates}
    assert said["level: "] == "The log level."
    assert said["if: "] == COMMON["if"].description


@pytest.mark.parametrize(
    ("marked", "replaced"),
    [
        ("pipeline:\n  - webhook.pu|", "webhook.pu"),
        ("pipeline:\n  - log: {message: x, lev|", "lev"),
        ("pipeline:\n  - log: {message: 'Hello #{vars.na|", "na"),
        ("pipeline:\n  - log: {message: '#{@text.up|", "@text.up"),
        ('pipeline:\n  - log: {level: "IN|', "IN"),
    ],
)
def test_the_word_before_the_cursor_is_replaced(marked: str, replaced: str) -> None:
    assert completed(marked)[0] == replaced


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("message: '#{|", ["vars.", "body", "headers.", "@text.upper_case("]),
        ("message: 'Hello ${1 + bo|", ["body"]),
        ("message: '#{@te|", ["@text.upper_case("]),
        ("message: '#{vars.|", ["total", "city", "person"]),
        ("message: '#{vars?.to|", ["total"]),
        ("message: '#{body.|", []),
        ("message: '#{''a''.le|", []),
        ("message: '#{vars.list.si|", []),
        ("message: \"#{'te|", []),
        ("message: '#{1} |", []),
        ("message: '#{ {a: 1}.a + vars.p|", ["person"]),
        ("message: '#{vars.loop.i|", ["item", "index"]),
        ("message: '#{vars?.loop?.e|", ["even"]),
        ("eval: vars.|", ["total", "city", "person"]),
        ("output: |", ["vars.", "body", "headers.", "@text.upper_case("]),
    ],
)
def test_within_an_expression(expression: str, expected: list[str]) -> None:
    before = "vars:\n  total: 1\n  city: x\npipeline:\n  - foreach: {in: 'a', as: person}\n"
    assert proposed(f"{before}  - log:\n      {expression}\n") == expected


def test_headers_in_an_expression_are_the_known_ones_and_those_of_this_pipeline() -> None:
    assert proposed("headers: {mine: 1}\npipeline:\n  - log: {message: '#{headers.|'}") == [*KNOWN, "mine"]


def test_after_an_error_the_exception_is_there() -> None:
    before = "pipeline:\n  - except: {drop: true}\n  - log: {message: '#{"
    assert proposed(f"{before}exc|'}}") == ["exception."]
    assert proposed(f"{before}exception.st|'}}") == ["statusCode", "step"]
    assert proposed("pipeline:\n  - log: {message: '#{exc|'}") == []


def test_the_body_of_a_listening_pipeline_is_an_event() -> None:
    assert proposed("pipeline:\n  - event.listen: {key: a, filter: body.pay|}") == ["payload"]
    batch = "headers:\n  batch: 5\npipeline:\n  - event.listen: {key: a}\n  - log: {message: '#{body.|}'}"
    assert proposed(batch) == ["events"]


@pytest.mark.parametrize("line", [0, 1, 2, 99])
def test_a_cursor_outside_the_text_is_no_error(line: int) -> None:
    assert complete("pipeline:", line, 99, load()).start <= len("pipeline:") + 1


def test_every_beginning_of_a_pipeline_can_be_completed() -> None:
    text = "headers: {a: [1, {b: 'c'}]}\nvars:\n  x: |\n    text: {\npipeline:\n- if: \"#{body['}'] ? 1 : {2}}\"\n- log: {m: ["
    for length in range(len(text) + 1):
        before = text[:length]
        complete(text, before.count("\n") + 1, length - before.rfind("\n"), load())
