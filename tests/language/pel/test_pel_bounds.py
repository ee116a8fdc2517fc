"""Whatever an expression or its data is, evaluation ends soon, in an answer or a PelError."""

import random
import sys
import tracemalloc

import pytest

from pfnb.exceptions import PelError, PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate, parse, render


def scope(**variables):
    return {"vars": variables, "body": None, "headers": {}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("+".join(["1"] * 10_000), 10_000),
        ("*".join(["1"] * 10_000), 1),
        (" or ".join(["false"] * 3_000), False),
        (" ?: ".join(["null"] * 3_000), None),
        ("vars" + ".toString()" * 2_000, "{}"),
        ("(" * 50 + "1" + ")" * 50, 1),
    ],
)
def test_long_chains_have_an_answer(expression, value):
    assert evaluate(expression, scope()) == value


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 3_000 + "1" + ")" * 3_000,
        "{" * 3_000 + "}" * 3_000,
        "- " * 3_000 + "1",
        "!" * 3_000 + "true",
        "true ? 1 : " * 2_000 + "1",
        "vars" + "[vars" * 2_000 + "]" * 2_000,
        "1 + " * 20_000 + "1",
        "9" * 5_000,
    ],
)
def test_what_is_too_deep_or_too_long_is_a_syntax_error(expression):
    with pytest.raises(PelSyntaxError, match=r"nested|at most"):
        parse(expression)


def test_a_shallow_stack_ends_in_a_syntax_error_too():
    limit = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(depth + 60)
    try:
        with pytest.raises(PelSyntaxError, match="nested"):
            parse("(" * 40 + "1" + ")" * 40)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    "expression",
    [
        "9 ^ (9 ^ 9)",
        "2 ^ 5000",
        "vars.big * vars.big * vars.big * vars.big * vars.big",
        "'a' * 1000000000",
        "'a'.repeat(2000000000)",
        "('a' * 8000000) + 'b'",
        "('a' * 3000).replace('a', 'b' * 3000)",
        "('a' * 4000).replaceAll('a', 'bbbbbbbbbb' * 3000)",
        "{" + ", ".join(["'a' * 5000000"] * 20) + "}",
    ],
)
def test_what_would_grow_too_large_is_refused(expression):
    data = scope(big=10**300)
    tracemalloc.start()
    try:
        with pytest.raises(PelEvaluationError):
            evaluate(expression, data)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "expression",
    [
        "vars.rows.![#root.vars.rows.![#root.vars.rows]]",
        "vars.rows.?[#root.vars.rows.?[#root.vars.rows.?[false].empty].empty]",
        "vars.rows.?[#root.vars.rows.containsAll(#root.vars.rows)]",
    ],
)
def test_what_would_go_through_too_much_is_refused(expression):
    with pytest.raises(PelEvaluationError, match="too much data"):
        evaluate(expression, scope(rows=list(range(3_000))))


@pytest.mark.parametrize("expression", ["{1}[99999999999]", "'a'.charAt(2 ^ 100)", "'a'.repeat(2 ^ 40)"])
def test_a_position_beyond_any_text_is_refused(expression):
    with pytest.raises(PelEvaluationError, match="too large for an index"):
        evaluate(expression, scope())


def test_data_that_contains_itself_or_is_too_deep_is_an_error():
    ring = {}
    ring["next"] = {"next": ring}
    other = {}
    other["next"] = {"next": other}
    deep = []
    for _ in range(5_000):
        deep = [deep]
    data = scope(ring=ring, other=other, deep=deep)
    for expression in ("vars.ring.toString()", "vars.ring == vars.other", "'' + vars.deep", "vars.deep.hashCode()"):
        with pytest.raises(PelEvaluationError, match="nested too deeply, or contains itself"):
            evaluate(expression, data)
    with pytest.raises(PelEvaluationError, match="nested too deeply"):
        render("x#{vars.deep}", data)


def test_the_cache_does_not_keep_long_texts():
    short, long = "1 + 1", "1 + 1" + " " * 2_000
    assert parse(short) is parse(short)
    assert parse(long) is not parse(long)


def test_the_same_expression_serves_different_scopes():
    expression = parse("vars.x + 1")
    assert [expression.evaluate(scope(x=number)) for number in (1, 2.5, "a")] == [2, 3.5, "a1"]


PIECES = (
    *("vars", "body", "#this", "#root", "#v", "@f.g(1)", "'a'", "''", "1", "2.5", "-3", "null", "true", "{:}"),
    *(
        ".x",
        "?.x",
        "['a']",
        "[0]",
        ".size()",
        ".get(1)",
        ".split(',')",
        ".put('k',1)",
        ".?[#this]",
        ".![value]",
        ".^[1]",
    ),
    *(
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "==",
        "<",
        "and",
        "or",
        "not",
        "!",
        "matches",
        "between",
        "?",
        ":",
        "?:",
        "=",
        "++",
        "--",
    ),
    *("(", ")", "{", "}", ",", "é", "$", "🙂", "\\", "'", '"'),
)
DATA = (
    *(None, True, 0, -7, 2.5, float("nan"), 10**5000, "", "a,b", "\ud800", b"x"),
    *([], [1, [None]], (1,), {}, {"x": {"a": 1}}),
)


def test_random_texts_and_data_only_ever_raise_pel_errors():
    chance = random.Random(2031)
    errors = []
    for _ in range(3_000):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 9)))
        scope = {"vars": chance.choice(DATA), "body": chance.choice(DATA), "headers": {}}
        for run, words in ((evaluate, text), (render, f"a#{{{text}}}")):
            try:
                run(words, scope)
            except PelError as error:
                errors.append(error)
    assert len(errors) > 1_000
    assert all(error.line >= 1 and error.column >= 1 for error in errors)
