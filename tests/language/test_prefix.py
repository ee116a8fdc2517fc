"""The header `exprPrefix`: what opens an expression, and what is text then."""

import pytest

from pfnb.exceptions import ParameterError, PelSyntaxError
from pfnb.language import parse_pipeline


@pytest.mark.parametrize("prefix", ["$", "${"])
async def test_only_the_mark_that_is_named_opens_expressions(run, prefix):
    text = f"""
headers:
  exprPrefix: "{prefix}"
vars:
  a: ${{1 + 1}}
  b: "#{{1 + 1}}"
pipeline:
  - body.set: "${{vars.a}} #{{vars.b}} ${{#{{vars.a}} * 2}}"
  - set:
      value: "#{{body}}"
      output: ${{vars.c}}
  - body.set: ["${{body}}", "${{vars.c}}", "${{vars.b}}"]
"""
    assert (await run(text)).body == ["2 #{vars.b} 4", "#{body}", "#{1 + 1}"]


async def test_another_mark_leaves_both_usual_ones_as_text(run):
    text = """
headers: {exprPrefix: "%"}
pipeline:
  - body.set:
      value: "%{7 % 4} #{a ${b"
      if: "%{1 < 2}"
"""
    assert (await run(text)).body == "3 #{a ${b"


async def test_without_the_header_both_usual_marks_open_expressions(run):
    assert (await run("pipeline: [{body.set: '#{1} ${2} %{3}'}]")).body == "1 2 %{3}"


def test_errors_have_their_place(registry):
    with pytest.raises(PelSyntaxError) as caught:
        parse_pipeline('headers: {exprPrefix: "%"}\npipeline:\n  - body.set: "a %{ 1 + }"', registry)
    assert (caught.value.line, caught.value.column) == (3, 25)


@pytest.mark.parametrize("prefix", ["x", "''", "'{'", "'##'", "[1]", "'(('", "'\\\"'"])
def test_a_mark_is_one_character_that_nothing_else_needs(registry, prefix):
    with pytest.raises(ParameterError, match="exprPrefix must be one of") as caught:
        parse_pipeline(f"headers:\n  exprPrefix: {prefix}\npipeline: [log]", registry)
    assert (caught.value.line, caught.value.column) == (2, 15)
