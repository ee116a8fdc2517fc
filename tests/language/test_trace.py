"""What a run's record tells of its steps: input, output, place, time; bounded, and without secrets."""

import json
import time

import pytest

from pfnb.exceptions import RaisedError
from pfnb.language import Limits, steps_of
from pfnb.language.trace import MAX_TRACE, MORE

UUID = "0f6d1a52-6c1e-4d3c-9d3f-1b2c3d6936bd"


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


async def test_a_step_tells_its_parameters_and_its_result(run):
    before = int(time.time() * 1000)
    result = await run("vars: {a: 2}\n" + steps('set: {value: ["#{vars.a}", {b: 1}]}'))
    (record,) = result.steps
    assert record.input == {"value": [2, {"b": 1}]}
    assert record.output == [2, {"b": 1}]
    assert (record.number, record.command, record.line, record.error) == (1, "set", 3, None)
    assert before <= record.started <= int(time.time() * 1000)
    assert record.milliseconds >= 0


async def test_parameters_are_told_as_pipelines_spell_them(run):
    result = await run(steps("foreach: {in: a, loopName: round}", "foreach.end"))
    assert result.steps[0].input == {"in": "a", "loopName": "round"}


async def test_without_parameters_the_body_is_the_input(run):
    result = await run(steps("log"), body={"a": [1]})
    assert (result.steps[0].input, result.steps[0].output) == ({"a": [1]}, None)


async def test_a_record_shows_values_as_they_were(run):
    result = await run(steps('set: {value: "#{body}"}', "eval: {expr: body.a = 2}"), body={"a": 1})
    assert result.body == {"a": 2}
    assert (result.steps[0].input, result.steps[0].output) == ({"value": {"a": 1}}, {"a": 1})


async def test_steps_know_their_depth_and_iteration(run):
    result = await run(
        steps(
            "foreach: {in: 'a, b', as: x}", "foreach: {in: 'c, d', as: y}", "log", "foreach.end", "foreach.end", "log"
        )
    )
    assert [(step.command, step.depth, step.iteration) for step in result.steps] == [
        ("foreach", 0, ()),
        ("foreach", 1, (0,)),
        ("log", 2, (0, 0)),
        ("log", 2, (0, 1)),
        ("foreach", 1, (1,)),
        ("log", 2, (1, 0)),
        ("log", 2, (1, 1)),
        ("log", 0, ()),
    ]


async def test_a_failed_step_has_its_error(run):
    with pytest.raises(RaisedError) as caught:
        await run(steps("log", "error: no stock"))
    assert [step.error for step in steps_of(caught.value)] == [None, "no stock"]


async def test_every_try_of_a_step_is_recorded(run):
    result = await run(steps("error: {message: x, onError: {action: RETRY, times: 2, wait: 0, then: IGNORE}}"))
    assert [step.error for step in result.steps] == ["x", "x", "x"]


async def test_a_record_is_bounded_however_large_the_values(run, registry):
    body = {"text": "x" * 100_000, "list": list(range(100_000)), "deep": json.loads("[" * 200 + "]" * 200)}
    result = await run(steps("log", "foreach: {in: '1,2,3,4'}", "log", "foreach.end"), body=body)
    told = json.dumps([record.to_json() for record in result.steps])
    assert len(told) < 5 * 30_000
    assert "(100000 characters)" in told


async def test_the_values_of_a_long_run_are_bounded_together(run):
    body = {"text": ["x" * 400] * 15}
    text = steps("foreach: {in: '#{vars.many}'}", "log", "foreach.end").replace("'#{", '"#{').replace("}'", '}"')
    result = await run(text, body=body, vars={"many": list(range(900))})
    assert len(result.steps) == 901
    assert len(json.dumps([record.to_json() for record in result.steps])) < 2_000_000


async def test_the_errors_of_a_long_run_are_bounded_together(run, registry):
    @registry.command("fails")
    def fails() -> None:
        raise ValueError("x" * 100_000)

    result = await run(steps(f"foreach: {{in: '{'1,' * 299}1'}}", "fails: {onError: IGNORE}", "foreach.end"))
    errors = [step.error for step in result.steps[1:]]
    assert (len(errors), errors[-1]) == (300, MORE)
    assert sum(map(len, errors)) < MAX_TRACE + 20_000


async def test_what_is_no_json_is_told_by_its_type(run):
    class Mail:
        def __repr__(self):
            raise AssertionError("nobody else's code is run for a record")

    mail = {"mail": Mail(), "data": b"abc", "not": float("nan"), "long": 10**2000}
    result = await run(steps('body.set: "#{vars.mail}"'), vars={"mail": mail})
    assert result.steps[0].output == {
        "mail": "<Mail>", "data": "<3 bytes>", "not": "nan", "long": "<a very long number>",
    }  # fmt: skip
    json.dumps(result.steps[0].to_json(), allow_nan=False)


async def test_a_value_that_contains_itself_is_cut(run):
    value = {}
    value["self"] = value
    result = await run(steps('body.set: "#{vars.value}"', "body.set: done"), vars={"value": value})
    json.dumps(result.steps[0].to_json())


@pytest.mark.parametrize(
    "body",
    [
        {"uuid": UUID},
        {"token": UUID},
        {"webhookUrl": f"http://localhost:1/pfnb/api/v3/command/webhook.receive?uuid={UUID}"},
        {"text": "x" * 480 + UUID},
        [UUID, {"anything": UUID}],
        {"password": "hunter2-hunter2", "uuid": UUID},
    ],
)
async def test_secrets_are_masked_wherever_a_record_is_seen(run, body):
    result = await run(
        steps("log", 'set: {value: "#{body}"}', 'error: {message: "about #{body}", onError: IGNORE}'), body=body
    )
    for record in result.steps:
        for told in (json.dumps(record.to_json()), repr(record), str(record.input), str(record.output)):
            assert UUID not in told
            assert UUID[:20] not in told
            assert "hunter2" not in told
    assert "6936bd" in json.dumps(result.steps[1].to_json()) or "text" in body


async def test_ids_of_events_are_no_secrets(run):
    body = {"id": UUID, "correlationId": UUID}
    assert (await run(steps("log"), body=body)).steps[0].input == body


async def test_the_header_tracing_switches_it_off(run):
    result = await run("headers: {tracing: false}\n" + steps("log"))
    assert (result.steps, result.executed) == ((), 1)


async def test_steps_of_a_called_pipeline_name_it(run):
    result = await run(steps("call: set?value=1", "log"), limits=Limits())
    assert [(step.command, step.pipeline) for step in result.steps] == [
        ("call", None),
        ("set", "set?value=1"),
        ("log", None),
    ]
