"""What is not YAML, and what YAML is not accepted: said plainly, at the right place."""

from itertools import pairwise

import pytest

from pfnb.exceptions import PipelineSyntaxError
from pfnb.language.yaml.document import MAX_BYTES, read_document


def problem(text, **options):
    with pytest.raises(PipelineSyntaxError) as caught:
        read_document(text, **options)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("pipeline:\n\t- log\n", 2, 1, "tab"),
        ("vars:\n  a: 1\n b: 2\n", 3, 2, "not indented like the lines it belongs to, which begin in line 1"),
        ("pipeline\nbody: 1\n", 1, 1, 'a colon is missing after "pipeline"'),
        ("pipeline:\n  - log\n      message: hi\n", 2, 5, 'a colon is missing after "log"'),
        ("pipeline:\n  - log:\n      message: hi\n        level: WARN\n", 4, 14, '"level" is indented as if'),
        ("body: 'open\nvars: 1\n", 1, 7, "the quote that opens here is never closed"),
        ("body: 'open\nname: 'x'\n", 1, 7, "closed only in line 2"),
        ("body: 'it's'\n", 1, 11, "write ''"),
        ('body: "a "b" c"\n', 1, 11, 'write \\"'),
        ("body: ${a ? 1 : 2}\n", 1, 15, "second colon"),
        ("body: a: 1\n", 1, 8, "second colon"),
        ("body: @text\n", 1, 7, 'cannot begin with "@"'),
        ("body: %x\n", 1, 7, 'cannot begin with "%"'),
        ("body: [1, 2\nvars: 3\n", 1, 7, 'the closing "]" is missing'),
        ("body: {a: 1\n", 1, 7, 'the closing "}" is missing'),
        ("body: ]\n", 1, 7, "a value is missing here"),
        ("pipeline: - log\n", 1, 11, "cannot begin on the same line as its key"),
        ("- log\nbody: 1\n", 2, 1, 'another "- …" of the list that begins in line 1'),
        ("body: 1\n- log\n", 2, 1, 'expected a "key: value"'),
        ('body: "\\d"\n', 1, 9, "\\d means nothing"),
        ("body: \x07\n", 1, 7, "U+0007"),
        ("body: * text\n", 1, 7, 'cannot begin with "*"'),
        ("body: !important\n", 1, 7, "tags are not allowed"),
        ("body: | text\n  more\n", 1, 9, "begins on the next line"),
        ("{a: 1} b\n", 1, 8, "unexpected text after"),
        ("a: 1\n---\nb: 2\n", 3, 1, "second document"),
        ("%YAML 3.0\n---\na: 1\n", 1, 1, "not YAML"),
        ('a: "\\UFFFFFFFF"\n', 1, 2, "not YAML"),
    ],
)
def test_what_is_not_yaml_is_explained_where_it_is(text, line, column, words):
    error = problem(text)
    assert words in error.message
    assert (error.line, error.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("- log:\n    message: #{vars.name}\n", 2, 14),
        ("- log:\n    message: Hello #{vars.name}\n", 2, 20),
        ('- log:\n    message: "Hello" #{vars.name}\n', 2, 22),
        ("- log:\n    message:\n      #{vars.name}\n- if.end\n", 3, 7),
        ("- #{vars.name}\n- log\n", 1, 3),
        ("- log: {message: #{vars.name}}\n- log\n", 1, 18),
        ("a: {b: #{x}\nc: 1\n", 1, 8),
    ],
)
def test_an_unquoted_expression_is_told_to_be_a_comment(text, line, column):
    error = problem(text)
    assert "as a comment" in error.message
    assert "put the value in quotes" in error.message
    assert (error.line, error.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("message: #{vars.name}\n", '"#{vars.name}"'),
        ("message: Hello #{vars.name}!\n", '"Hello #{vars.name}!"'),
        ("a: {message: #{vars.name}}\n", '"#{vars.name}"'),
    ],
)
def test_the_hint_for_an_unquoted_expression_shows_it_quoted(text, quoted):
    assert problem(text).message.endswith(f"put the value in quotes, {quoted}")


@pytest.mark.parametrize(
    "text",
    [
        "# about #{vars.a}\na: 1 # not #{vars.a}\n",
        'a: "#{vars.a}"\n',
        "a: '#{vars.a}'\n",
        "a: |\n  Hello #{vars.a}\nb: 1\n",
        "a: x#{vars.a}\n",
        "a: 1\n#{commented: out}\nb: 2\n",
        "a: ${vars.a}\n",
    ],
)
def test_quoted_expressions_and_true_comments_are_left_alone(text):
    assert read_document(text) is not None


def test_lines_count_from_the_first_line_given():
    error = problem("vars:\n  a: 1\n b: 2\n", first_line=2)
    assert error.line == 4
    assert "which begin in line 2" in error.message
    assert "in line 2" in problem("a: 1\na: 2\n", first_line=2).message


@pytest.mark.parametrize("text", ["a: !!python/object:os.system x", "a: !x 1", "!!map {a: 1}", "a: !!binary aGk="])
def test_tags_are_refused(text):
    assert "tags are not allowed" in problem(text).message


def test_a_key_given_twice_is_refused_at_the_second():
    error = problem("vars:\n  a: 1\n  a: 2\n")
    assert 'the key "a" is already in line 2' in error.message
    assert (error.line, error.column) == (3, 3)


def test_a_key_that_is_no_text_is_refused():
    assert "a key must be a text" in problem("? [a]\n: 1\n").message


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- "])
def test_bottomless_nesting_is_refused_at_its_depth(bracket):
    assert "nested deeper than 100 levels" in problem(bracket * 20_000).message


def test_nesting_by_aliases_counts_as_nesting():
    levels = "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, 300))
    assert "nested deeper than 100 levels" in problem("- &a0 [x]\n" + levels).message


def test_aliases_that_multiply_are_refused():
    names = "abcdefgh"
    lines = "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in pairwise(names))
    assert "more than 100000 values" in problem(f"a: &a [x, x, x]\n{lines}").message


def test_an_alias_of_something_around_it_is_refused():
    assert "refers to something that contains it" in problem("a: &a [1, *a]\n").message


def test_an_alias_of_nothing_is_refused():
    assert "*b refers to nothing above it" in problem("a: *b\n").message


def test_a_text_that_is_too_long_is_refused():
    assert "longer than 1024 KiB" in problem("a: " + "x" * MAX_BYTES).message


def test_json_may_be_indented_by_tabs_and_escape_astral_characters():
    root = read_document('{\n\t"a": "b\\/c",\n\t"smile": "\\ud83d\\ude00"\n}')
    (_, a), (key, smile) = root.entries
    assert a.text == "b/c"
    assert smile.text == "\U0001f600"
    assert (key.line, key.column) == (3, 2)


def test_half_a_surrogate_pair_is_refused():
    assert "surrogate" in problem('{"a": "\\ud83d"}').message


def test_nodes_know_where_they_are():
    root = read_document("a: &x 1\nb:\n  - *x\n  - two words\n")
    (_, a), (b, items) = root.entries
    assert (a.line, a.column) == (1, 7)
    assert (b.line, b.column) == (2, 1)
    assert items.items[0] is a
    assert (items.items[1].line, items.items[1].column) == (4, 5)
