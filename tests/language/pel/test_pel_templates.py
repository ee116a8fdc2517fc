"""Texts with `#{…}` and `${…}` in them."""

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import parse_template, render


def scope():
    return {
        "vars": {"name": "Ada", "n": 3, "list": [1, [2, None]], "map": {"k": 1}, "gone": None, "trap": "#{vars.n}"},
        "body": {"path": "map"},
        "headers": {},
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("no expression", "no expression"),
        ("#{vars.n}", 3),
        ("${vars.map}", {"k": 1}),
        ("#{ {1, {2}} }", [1, [2]]),
        ("${{a: {b: 1}}}", {"a": {"b": 1}}),
        ("#{vars.gone}", None),
        (" #{vars.n}", " 3"),
        ("Dear #{vars.name}, ${vars.n} times", "Dear Ada, 3 times"),
        ("#{vars.n}#{vars.n}", "33"),
        ("[#{vars.gone}]", "[]"),
        ("[#{vars.list}]", "[1,2,null]"),
        ("[#{2.0}]", "[2.0]"),
        ("#{'}'} and #{\"{\"}", "} and {"),
        ("#{'it''s } here'}!", "it's } here!"),
        ("$5, #5, # {x} and $", "$5, #5, # {x} and $"),
        ("##{vars.n}", "#3"),
        ("#{vars.n}}", "3}"),
        ("#{'${vars.n}'}", "${vars.n}"),
        ('{"who": "#{vars.name}"}', '{"who": "Ada"}'),
        ("#{vars.n = 5} #{vars.n}", "5 5"),
        ("#{#x = 2}#{#x + 1}", "23"),
    ],
)
def test_rendering(text, value):
    assert render(text, scope()) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#{#{vars.map}.k}", 1),
        ("#{vars[#{body.path}].k + ${vars.n}}", 4),
        ("n=#{#{vars.n} + 1}", "n=4"),
    ],
)
def test_an_expression_may_stand_within_an_expression(text, value):
    assert render(text, scope()) == value


def test_an_expression_found_in_data_stays_text():
    assert render("#{vars.trap}", scope()) == "#{vars.n}"
    assert render("<#{vars.trap}>", scope()) == "<#{vars.n}>"


@pytest.mark.parametrize("text", ["a map: #{vars.map}", "a list with a map: #{{vars.map}}"])
def test_a_map_does_not_become_text(text):
    with pytest.raises(PelEvaluationError, match="a map cannot be put into a text"):
        render(text, scope())


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("#{}", 1),
        ("ab #{  }", 4),
        ("ab #{vars.n", 4),
        ("ab #{{1}", 4),
        ("ab #{(1}", 8),
        ("ab #{'x}", 6),
        ("ab #{1 +}", 9),
        ("ab #{1 2}", 8),
    ],
)
def test_syntax_errors_have_their_column_in_the_whole_text(text, column):
    with pytest.raises(PelSyntaxError) as caught:
        parse_template(text)
    assert (caught.value.line, caught.value.column) == (1, column)


def test_evaluation_errors_have_line_and_column_in_the_whole_text():
    with pytest.raises(PelEvaluationError) as caught:
        render("one #{vars.n}\ntwo #{vars.nope}", scope())
    assert (caught.value.line, caught.value.column) == (2, 12)


def test_a_template_says_what_it_is():
    assert parse_template("just text, 5 # 3").is_text
    assert not parse_template("#{1}").is_text
    assert parse_template("x #{'a' matches 'b'}").may_block
    assert not parse_template("x #{'a'}").may_block
