"""The body put aside, taken back, shrunk and dropped."""

import pytest

from pfnb.commands import body as body_commands
from pfnb.exceptions import ParameterError, PipelineError


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


async def test_what_was_pushed_last_is_popped_first(run):
    text = steps("body.push: {value: 1}", "body.push: {value: [2]}", "body.pop: {output: vars.a}", "body.pop")
    text += '  - body.set: ["#{vars.a}", "#{body}"]\n'
    assert (await run(text)).body == [[2], 1]


async def test_pushing_keeps_the_body_and_copies_it(run):
    text = steps("body.push: {eval: \"body.a = 'changed'\"}", 'set: {value: "#{body.a}", output: vars.a}', "body.pop")
    text += "  - body.set: ['#{vars.a}', '#{body.a}']\n"
    assert (await run(text, body={"a": "first"})).body == ["changed", "first"]


async def test_peeking_leaves_it_there_as_it_was(run):
    text = steps("body.push", "body.peek: {eval: 'body[0] = 2'}", "body.peek")
    assert (await run(text, body=[1])).body == [1]


async def test_null_can_be_pushed(run):
    assert (await run(steps("body.push: {value: null}", "body.pop"), body=1)).body is None


@pytest.mark.parametrize("command", ["body.pop", "body.peek"])
async def test_nothing_is_there_before_something_was_pushed(run, command):
    with pytest.raises(PipelineError, match=r"the stack vars\.bodyStack is empty") as caught:
        await run(steps("body.push", "body.pop", command))
    assert (caught.value.line, caught.value.step) == (4, 3)


async def test_the_stack_is_a_list_in_a_variable(run):
    text = steps(
        "body.push", "body.push: mine", "body.set: 2", "body.push", 'body.set: "#{{vars.bodyStack, vars.mine}}"'
    )
    assert (await run(text, body=1)).body == [[1, 2], [1]]


async def test_a_variable_that_is_no_list_is_refused_as_a_stack(run):
    with pytest.raises(PipelineError, match=r"vars\.bodyStack must be a list to be used as a stack"):
        await run("vars: {bodyStack: 5}\n" + steps("body.push"), body=1)


async def test_a_run_that_pushes_without_end_is_stopped(run, monkeypatch):
    monkeypatch.setattr(body_commands, "MAX_PUSHED", 2)
    with pytest.raises(PipelineError, match="at most 2 values"):
        await run(steps("foreach: {in: '1,2,3'}", "body.push", "foreach.end"))


async def test_deleting_makes_it_null(run):
    assert (await run(steps("body.delete"), body=1)).body is None


@pytest.mark.parametrize(
    ("given", "body", "expected"),
    [
        ("{properties: 'a, c'}", {"a": 1, "b": 2, "c": None}, {"a": 1, "c": None}),
        ("{properties: 'a'}", [{"a": 1, "b": 2}, {"b": 3}, 4], [{"a": 1}, {}, 4]),
        ("{properties: 'a'}", '{"a": 1, "b": 2}', {"a": 1}),
        ("{properties: 'a', removeKey: true}", [{"a": 1, "b": 2}, {"a": "#{7*7}"}], [1, "#{7*7}"]),
        ("{properties: 'a,b', removeKey: true}", [{"a": 1}, {"a": 2, "b": 3}], [{"a": 1}, {"a": 2, "b": 3}]),
        ("{properties: 'a', removeKey: true}", {"a": 1}, {"a": 1}),
        ("{properties: 'a'}", None, None),
        ("{properties: 'a'}", "", ""),
        ("{}", "no JSON", "no JSON"),
    ],
)
async def test_only_the_named_properties_are_kept(run, given, body, expected):
    assert (await run(steps(f"body.filter: {given}"), body=body)).body == expected


@pytest.mark.parametrize("body", ["no JSON", "[NaN]", "[" * 100_000])
async def test_what_is_no_json_has_no_properties(run, body):
    with pytest.raises(ParameterError, match="not JSON"):
        await run(steps("body.filter: {properties: a}"), body=body)
