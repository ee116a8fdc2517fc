import json

import pytest

from pfnb.exceptions import ParameterError


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


@pytest.mark.parametrize("name", ["body.set", "set.body", "set"])
async def test_the_body_is_set(run, name):
    assert (await run(steps(f"{name}: {{value: [1]}}"))).body == [1]


@pytest.mark.parametrize("name", ["body.set", "set"])
async def test_null_is_a_value_too(run, name):
    assert (await run("body: 1\n" + steps(f"{name}: {{value: null}}"))).body is None


async def test_without_a_value_the_input_is_put_where_output_points(run):
    text = steps('set: {input: "#{body + 1}", output: vars.a}', 'set: {value: ["#{body}", "#{vars.a}"]}')
    assert (await run(text, body=1)).body == [1, 2]


async def test_a_mapping_puts_fields_into_a_copy_of_the_value(run):
    text = steps("set: {mapping: 'b.c: a + 1, a: {1, 2}', output: vars.x}", 'set: {value: ["#{body}", "#{vars.x}"]}')
    assert (await run(text, body={"a": 1})).body == [{"a": 1}, {"a": [1, 2], "b": {"c": 2}}]


@pytest.mark.parametrize(("mapping", "says"), [("a", 'must be "path: expression"'), ("a b: 1", "must be one such as")])
async def test_a_mapping_that_is_none_is_told_where_it_stands(run, mapping, says):
    with pytest.raises(ParameterError, match=says) as raised:
        await run(steps(f"set: {{mapping: '{mapping}'}}"))
    assert raised.value.line == 2


@pytest.mark.parametrize("name", ["var.set", "set.var"])
async def test_a_variable_is_set_and_the_body_stays(run, name):
    result = await run(steps(f"{name}: {{key: a, value: 1}}", 'set: {value: "#{vars.a}", output: vars.b}'), body="kept")
    assert result.body == "kept"


async def test_log_writes_message_and_level_and_keeps_the_body(run, logged):
    text = steps("log: {message: hi}", "log: {message: {a: ü}, level: warn}", "log: {message: 5, level: ERROR}")
    assert (await run(text, body="kept")).body == "kept"
    assert logged == [("INFO", "hi"), ("WARN", '{"a": "ü"}'), ("ERROR", "5")]


async def test_log_without_a_message_writes_everything(run, logged):
    await run("vars: {a: 1}\n" + steps("log"), body="b")
    ((level, message),) = logged
    assert level == "INFO"
    assert json.loads(message) == {"vars": {"a": 1}, "body": "b", "headers": {}}


@pytest.mark.parametrize("body", [None, ""])
async def test_the_message_becomes_the_body_where_that_is_empty(run, body):
    assert (await run(steps("log: {message: hi}"), body=body)).body == "hi"
