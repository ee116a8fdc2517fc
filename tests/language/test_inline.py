"""Pipelines in one line: as a URI, and url-encoded."""

import pytest

from pfnb import functions
from pfnb.exceptions import ParameterError, PelSyntaxError, PipelineSyntaxError, UnknownCommandError
from pfnb.language import Runner, User, parse_pipeline
from pfnb.language.reading.inline import is_form, is_uri
from pfnb.language.reading.parser import parse_form, parse_uri
from pfnb.language.roles import EVERYTHING


@pytest.fixture
def ran(registry, hub):
    async def ran(text, parse=parse_pipeline):
        return (
            await Runner(registry, functions.registry).run(parse(text, registry), user=User("ada", EVERYTHING), hub=hub)
        ).body

    return ran


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set?value=3", 3),
        ("set?value=true|log", True),
        ("set?value=a b|set?value=#{body + '|&'}", "a b|&"),
        ("set?value=%23%7B1+1%7D", 2),
        ("set?value=1&output=vars.a|body.set?value=#{vars.a}", 1),
        ("log:v1?message=hi | set?value=#{ {1, 2} }", [1, 2]),
        ("set?value=dd.MM.yyyy", "dd.MM.yyyy"),
        ("foreach?in=a,b&as=x|set?value=#{vars.x}|foreach.end", "b"),
        ("set?value=", None),
    ],
)
async def test_a_uri_is_a_pipeline(ran, text, expected):
    assert is_uri(text)
    assert await ran(text) == expected


async def test_a_single_name_is_one_where_a_uri_is_expected(ran, registry):
    assert await ran("log", parse_uri) is None
    with pytest.raises(PipelineSyntaxError, match="begins with"):
        parse_pipeline("log", registry)


@pytest.mark.parametrize(
    "text", ["pipeline: [log]", "pipeline:\n- set: {value: 'a?b|c'}", "a b?c=1", '{"pipeline": 1}', ""]
)
def test_other_texts_are_none(text):
    assert not is_uri(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("body.set=value:5", 5),
        ("body.set=value:'5'", "5"),
        ("body.set=5", 5),
        ("set=value:1;output:vars.a&body.set=%23{vars.a}", 1),
        ("body.set=%22a;b%26c%22", "a;b&c"),
        ("body.set=http://example.org/x", "http://example.org/x"),
        ("set=value=%22x%22;if=false&body.set=y", "y"),
        ("log='HELLO+WORLD'", "HELLO WORLD"),
        ("log=message:'HELLO WORLD';level:INFO", "HELLO WORLD"),
        ("log='HELLO+WORLD';level=WARN&log", "HELLO WORLD"),
    ],
)
async def test_a_form_is_a_pipeline(ran, text, expected):
    assert is_form(text)
    assert await ran(text, parse_form) == expected


@pytest.mark.parametrize("text", ["pipeline: [log]", "pipeline:\n- log", '{"pipeline":["log"]}', "a b=c"])
def test_yaml_and_json_are_no_forms(text):
    assert not is_form(text)


@pytest.mark.parametrize(
    ("text", "kind", "words", "step", "column"),
    [
        ("log?message=x|lgo?a=1", UnknownCommandError, 'did you mean "log"?', 2, 15),
        ("log?mesage=x", ParameterError, 'did you mean "message"?', 1, 5),
        ("log?message=#{1 +}", PelSyntaxError, "a value is missing", 1, 18),
        ("set?value=1|", PipelineSyntaxError, "this step is empty", 2, None),
        ("if?true=1|log", PipelineSyntaxError, "never closed", 1, 1),
        ("set?value=1|event.listen?key=a", PipelineSyntaxError, "must be the first step", 2, None),
    ],
)
def test_what_is_wrong_in_a_uri_is_said_at_its_place(registry, text, kind, words, step, column):
    with pytest.raises(kind, match=words.replace("?", "\\?")) as caught:
        parse_pipeline(text, registry)
    assert (caught.value.line, caught.value.step) == (1, step)
    assert column is None or caught.value.column == column


def test_in_a_cell_its_line_is_counted_from_the_magic(registry):
    with pytest.raises(UnknownCommandError) as caught:
        parse_pipeline("\nlog?message=x|lgo?a=1\n", registry, first_line=2)
    assert caught.value.line == 3


def test_all_unknown_commands_are_named_at_once(registry):
    text = "pipeline:\n  - pdf.read: {path: a}\n  - log\n  - pdf.stamp: {text: b}\n  - if: {true: true}\n  - pdf.save\n"
    with pytest.raises(UnknownCommandError) as caught:
        parse_pipeline(text, registry)
    assert (caught.value.line, caught.value.step) == (2, 1)
    for words in ('"pdf.read"', '"pdf.stamp"', "(line 4)", '"pdf.save"', "(line 6)"):
        assert words in caught.value.message


def test_a_form_of_many_pieces_is_read_at_once_or_refused(registry):
    with pytest.raises(PipelineSyntaxError, match="more than"):
        parse_form("log&" * 200_000, registry)
