"""References to pipelines: literal ones are read with the pipeline that contains them, computed ones name stored pipelines."""

import pytest

from pfnb.exceptions import ParameterError, PelSyntaxError, PipelineSyntaxError, UnknownCommandError
from pfnb.language import parse_pipeline


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("step", "kind", "words", "column"),
    [
        ("call: lgo?a=1", UnknownCommandError, 'did you mean "log"', 11),
        ('call: "$uri:command:log?mesage=x"', ParameterError, 'did you mean "message"', 29),
        ("call: $uri:command:lgo", UnknownCommandError, 'did you mean "log"', 24),
        ("pipeline.start: {key: 'log?message=x|lgo?a=1'}", UnknownCommandError, 'did you mean "log"', 42),
        ("call: log?mesage=%20x", ParameterError, 'did you mean "message"', 11),
        ("call: 'call?uri=log?mesage=x'", ParameterError, 'did you mean "message"', 25),
        ("call: '?x=1'", ParameterError, "is not the name of a pipeline", 11),
        ("call: '$uri:command:log?message=#{body}'", ParameterError, "cannot contain an expression", 11),
        ("call: 'body.set?value=1|log?message=#{body}'", ParameterError, "cannot contain an expression", 11),
        ("call: '#{1 +}'", PelSyntaxError, "a value is missing", 17),
        ("log: {onError: {action: ROLLBACK, pipeline: 'lgo?a=1'}}", UnknownCommandError, 'did you mean "log"', 20),
        (
            "log: {onError: {action: RETRY, then: {action: ROLLBACK, pipeline: lgo|x}}}",
            UnknownCommandError,
            'did you mean "log"',
            20,
        ),
    ],
)
def test_a_mistake_in_a_pipeline_in_a_line_is_told_where_it_is_written(registry, step, kind, words, column):
    with pytest.raises(kind, match=words) as caught:
        parse_pipeline(steps("log", step), registry)
    assert (caught.value.line, caught.value.step, caught.value.column) == (3, 2, column)


def test_so_is_one_of_a_header(registry):
    text = "headers:\n  onError: {action: ROLLBACK, pipeline: 'lgo?a=1'}\n" + steps("log")
    with pytest.raises(UnknownCommandError, match="did you mean") as caught:
        parse_pipeline(text, registry)
    assert caught.value.line == 2


def test_pipelines_in_a_line_stand_within_each_other_only_so_deep(registry):
    assert parse_pipeline(steps(f"call: '{'call?uri=' * 7}log?'"), registry)
    with pytest.raises(PipelineSyntaxError, match="8 deep"):
        parse_pipeline(steps(f"call: '{'call?uri=' * 1000}log?'"), registry)


@pytest.mark.parametrize("value", [None, True, "", {"a": 1}, []])
async def test_what_is_no_text_names_no_pipeline(run, value):
    with pytest.raises(ParameterError, match="expected a text") as caught:
        await run(steps('call: "#{body.it}"'), body={"it": value})
    assert caught.value.line == 2


async def test_a_command_of_others_calls_stored_pipelines_only_unless_it_asks_for_a_reference(run, registry, hub):
    @registry.command("my.router")
    async def router(context, to: str):
        return await context.call(to)

    hub.pipelines["global/app/demo/a"] = steps("body.set: stored")
    assert (await run(steps("my.router: {to: global/app/demo/a}"))).body == "stored"
    for text in ("body.set?value=1", "$uri:command:body.set?value=1", "datetime"):
        with pytest.raises(ParameterError, match="is not the name of a stored pipeline"):
            await run(steps(f"my.router: {{to: '{text}'}}"))
