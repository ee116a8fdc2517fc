"""Pipelines that call others: by path, by name, by URI; variables, errors, circles."""

import pytest

from pfnb.exceptions import (
    AccessDeniedError,
    NotFoundError,
    ParameterError,
    PipelineError,
    PipelineSyntaxError,
    RaisedError,
    RunLimitError,
)
from pfnb.language import ANONYMOUS, Limits, User
from pfnb.language.roles import EVERYTHING

PATH = "global/app/demo/pipeline/greet"


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


@pytest.fixture
def stored(hub):
    hub.pipelines[PATH] = "vars: {name: nobody}\n" + steps('body.set: "Hello #{vars.name}"')
    return hub.pipelines


@pytest.mark.parametrize(
    "step",
    [
        f"pipeline.start: {{key: {PATH}, vars: {{name: Ada}}}}",
        f'pipeline.start: {{path: {PATH}, vars: \'{{"name": "Ada"}}\'}}',
        f"pipeline.run: {{name: {PATH}, vars: {{name: Ada}}}}",
        f'pipeline.start: "{PATH}?name=Ada"',
        f'call: "$uri:pipeline:{PATH}?name=Ada"',
        f"call: {{uri: 'uri:property:{PATH}', vars: {{name: Ada}}}}",
        f'call: "$uri:pipeline:pipeline.start?key={PATH}&vars={{\\"name\\": \\"Ada\\"}}"',
    ],
)
async def test_a_stored_pipeline_is_called_in_many_ways(run, stored, step):
    assert (await run(steps(step))).body == "Hello Ada"


async def test_its_result_goes_to_output(run, stored):
    text = "vars: {}\n" + steps(f"pipeline.start: {{key: {PATH}, output: vars.said}}", 'set: {value: "#{vars.said}"}')
    assert (await run(text)).body == "Hello nobody"


async def test_variables_are_its_own_and_the_body_is_handed_on(run, stored):
    stored["a"] = steps("var.set: {key: secret, value: 1}", 'set: {value: "#{body + 1}"}')
    result = await run(steps("pipeline.start: a", 'set: {value: ["#{body}", "#{vars}"]}'), body=1)
    assert result.body == [2, {}]
    stored["b"] = "body: 10\n" + stored["a"]
    assert (await run(steps("pipeline.start: b"), body=1)).body == 11
    assert (await run(steps("pipeline.start: {key: b, body: 5}"), body=1)).body == 6


async def test_headers_are_handed_over(run, stored):
    stored["a"] = steps('body.set: "#{headers.team}"')
    assert (await run(steps("pipeline.start: {key: a, headers: {team: red}}"))).body == "red"


async def test_an_exit_ends_only_the_pipeline_it_is_in(run, stored):
    stored["a"] = steps("body.set: early", "exit", "body.set: never")
    assert (await run(steps("pipeline.start: a", 'set: {value: "#{body} on"}'))).body == "early on"


async def test_an_answer_set_by_it_stands(run, stored):
    stored["a"] = steps("http.response.set: {statusCode: 201}")
    assert (await run(steps("pipeline.start: a"))).response.status == 201


async def test_an_error_says_in_which_pipeline_and_where(run, stored):
    stored["a"] = steps("log", "error: boom")
    with pytest.raises(RaisedError, match=r"a: boom \(line 3, column 5, step 2\)") as caught:
        await run(steps("log", "log", "pipeline.start: a"))
    assert (caught.value.line, caught.value.step) == (4, 3)
    assert (await run(steps("pipeline.start: {key: a, onError: IGNORE}", "body.set: on"))).body == "on"


async def test_a_stored_text_that_is_no_pipeline_is_told(run, stored):
    stored["a"] = "pipeline: 5\n"
    with pytest.raises(PipelineSyntaxError, match="a: "):
        await run(steps("pipeline.start: a"))


async def test_one_that_is_not_there_is_told(run):
    with pytest.raises(NotFoundError, match="no pipeline a/b"):
        await run(steps("pipeline.start: a/b"))
    with pytest.raises(ParameterError, match="is not the name of a pipeline"):
        await run(steps("call: '?x=1'"))


async def test_pipelines_that_call_each_other_in_a_circle_are_refused_at_once(run, stored):
    stored["a"], stored["b"] = steps("pipeline.start: b"), steps("call: $uri:pipeline:a")
    with pytest.raises(PipelineError, match="in a circle: a → b → a"):
        await run(steps("pipeline.start: a"))


async def test_they_call_each_other_only_so_deep(run, stored):
    for number in range(30):
        stored[f"a{number}"] = steps(f"pipeline.start: a{number + 1}")
    with pytest.raises(RunLimitError, match="more than 20 deep"):
        await run(steps("pipeline.start: a0"))


async def test_their_steps_count_together(run, stored):
    stored["a"] = steps("log", "log", "log")
    with pytest.raises(RunLimitError):
        await run(steps("pipeline.start: a", "log"), limits=Limits(steps=4))


async def test_it_runs_as_the_same_user_and_lifts_nobody_but_itself(run, stored, registry):
    @registry.command("who")
    async def who(context):
        return context.user.name

    stored["a"] = steps("iam.run.as: {username: ada}", "who")
    assert (await run(steps("pipeline.start: a"), user=ANONYMOUS, owner=User("ada", EVERYTHING))).body == "ada"
    with pytest.raises(AccessDeniedError):
        await run(steps("pipeline.start: a", "who"), user=ANONYMOUS, owner=User("ada", EVERYTHING))


async def test_a_pipeline_that_is_not_wanted_keeps_the_body(run, stored):
    stored["a"] = "headers: {runWhen: false}\n" + steps("body.set: never")
    assert (await run(steps("pipeline.start: a"), body=1)).body == 1


async def test_blocks_and_calls_nested_too_deeply_end_in_a_clear_error(run, stored):
    for number in range(19):
        opened, closed = ["if: {true: true}"] * 40, ["if.end"] * 40
        stored[f"a{number}"] = steps(*opened, f"pipeline.start: a{number + 1}", *closed)
    with pytest.raises(RunLimitError, match="nested too deeply"):
        await run(steps("pipeline.start: a0"))


class TestDebug:
    @pytest.fixture(autouse=True)
    def runs(self, hub):
        async def list_runs(listener, limit, before=None):
            rows = [{"id": "8", "status": "failed"}, {"id": "7", "status": "succeeded"}] if listener == "lead" else []
            return [row for row in rows if before is None or int(row["id"]) < int(before)][:limit]

        async def read_steps(delivery):
            return [{"command": f"of {delivery}"}]

        hub.list_runs, hub.read_steps = list_runs, read_steps

    @pytest.mark.parametrize(
        ("step", "expected"), [("pipeline.debug: lead", "8"), ("pipeline.debug: {name: lead, run: 7}", "7")]
    )
    async def test_it_shows_the_steps_of_a_run(self, run, step, expected):
        body = (await run(steps(step))).body
        assert (body["id"], body["steps"]) == (expected, [{"command": f"of {expected}"}])

    @pytest.mark.parametrize(
        ("step", "words"),
        [
            ("pipeline.debug: other", "other has not run yet"),
            ("pipeline.debug: {name: lead, run: 5}", "lead has no run 5"),
        ],
    )
    async def test_a_run_that_there_is_not_is_told(self, run, step, words):
        with pytest.raises(NotFoundError, match=words):
            await run(steps(step))
