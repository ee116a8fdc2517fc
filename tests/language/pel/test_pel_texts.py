"""Text literals, joining, and how Java prints values."""

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate, to_text

SCOPE = {
    "vars": {"tags": ["new", "hot"], "who": {"name": "Ada", "langs": ["en", "fr"]}, "gone": None},
    "body": [[1, 2], [], [3]],
    "headers": {},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'plain'", "plain"),
        ('"plain"', "plain"),
        ("'Ada''s'", "Ada's"),
        ('"Ada\'s"', "Ada's"),
        ('\'a ""b""\'', 'a "b"'),
        (r"'no \n escape'", r"no \n escape"),
        ("'#{vars.who}'", "#{vars.who}"),
        ("'größer'", "größer"),
    ],
)
def test_quotes_are_doubled_and_nothing_else_is_special(expression, value):
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize("expression", ["'open", '"open', "'open\"", "open'"])
def test_an_open_quote_is_a_syntax_error_at_the_quote(expression):
    with pytest.raises(PelSyntaxError, match="no closing") as caught:
        evaluate(expression, SCOPE)
    assert caught.value.column == max(expression.find("'"), expression.find('"'), 0) + 1 or caught.value.column == 1


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'n: ' + 2 + 3", "n: 23"),
        ("2 + 3 + ' n'", "5 n"),
        ("'a' + vars.gone", "anull"),
        ("vars.gone + 'a'", "nulla"),
        ("'' + vars.tags", "new,hot"),
        ("'' + body", "1,2,,3"),
        ("'' + vars.who", "{name=Ada, langs=[en, fr]}"),
        ("'' + {:} + {}", "{}"),
        ("'' + 1.0 + ' ' + true", "1.0 true"),
        ("'ha' * 3", "hahaha"),
        ("'ha' * -1", ""),
        ("'' * 2 ^ 100", ""),
        ("'ha' * -(2 ^ 100)", ""),
        ("'d' - 2", "b"),
    ],
)
def test_texts_take_in_everything(expression, value):
    assert evaluate(expression, SCOPE) == value


def test_a_map_within_a_list_does_not_become_text():
    with pytest.raises(PelEvaluationError, match="a map cannot be put into a text"):
        evaluate("'' + {vars.who}", SCOPE)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (5, "5"),
        (2.0, "2.0"),
        (0.001, "0.001"),
        (0.00025, "2.5E-4"),
        (9999999.5, "9999999.5"),
        (10000000.0, "1.0E7"),
        (-1.25e30, "-1.25E30"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        ([1, "b", None, [2.5]], "[1, b, null, [2.5]]"),
        ({"a": {"b": [1]}, "c": None}, "{a={b=[1]}, c=null}"),
    ],
)
def test_values_print_as_in_java(value, text):
    assert to_text(value) == text
    assert evaluate("#root.vars?.toString()", {"vars": value}) == (None if value is None else text)


def test_what_contains_itself_prints_as_in_java():
    data = {"name": "x"}
    data["self"] = data
    assert to_text(data) == "{name=x, self=(this Map)}"
