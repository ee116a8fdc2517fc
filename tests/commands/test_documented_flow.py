"""Pipelines as PIPEFORCE's pages on flow, errors and calls write them, with what those pages say comes of it."""

import pytest

from pfnb.functions import load as load_functions


@pytest.fixture(autouse=True)
def functions():
    load_functions()


PEOPLE = """
vars:
  people: [{"name": "Sam", "age": 15}, {"name": "Carol", "age": 35}]
  activities: "biking, clubbing"

pipeline:

  - foreach:
      in: "#{var.people}"
      as: person

  - foreach:
      in: "#{var.activities}"
      as: activity

  - if:
      true: "#{var.person.age < 18 and var.activity == 'clubbing'}"

  - set.var:
      key: "allowed"
      value: "NOT "

  - if.else:

  - set.var:
      key: "allowed"
      value: ""

  - if.end:
      eval: "#{@list.add(body, var.person.name + ' could ' + var.allowed + 'do: ' + var.activity)}"

  - foreach.end:

  - foreach.end:

body: []
"""

EACH = """
vars:
  people: ["Sam", "Carol"]
  activities: "biking, swimming, hiking"

pipeline:
  - foreach:
      in: "${vars.people}"
      as: person
  - foreach:
      in: "${vars.activities}"
      as: activity
      eval: "${@list.add(body, vars.person + ' could do: ' + vars.activity)}"
  - foreach.end
  - foreach.end

body: []
"""


async def test_conditions_within_loops(run):
    assert (await run(PEOPLE)).body == [
        "Sam could do: biking",
        "Sam could NOT do: clubbing",
        "Carol could do: biking",
        "Carol could do: clubbing",
    ]


async def test_an_expression_on_the_loop_itself(run):
    assert (await run(EACH)).body == [
        f"{name} could do: {activity}" for name in ("Sam", "Carol") for activity in ("biking", "swimming", "hiking")
    ]


@pytest.mark.parametrize(
    ("name", "age", "expected"), [("Sabrina", 24, "may have"), ("Sabrina", 20, "too young"), ("", 24, None)]
)
async def test_nested_conditions(run, logged, name, age, expected):
    text = """
vars:
  name: "Sabrina"
  age: 24
pipeline:
  - if:
      true: ${vars.name != ''}
  - if:
      true: ${vars.age > 21}
  - log:
      message: "${vars.name} may have a drink..."
  - if.else:
  - log:
      message: "${vars.name} is too young to have a drink..."
  - if.end
  - if.end
"""
    await run(text, vars={"name": name, "age": age})
    assert [expected in message for _, message in logged] == ([] if expected is None else [True])


@pytest.mark.parametrize("prefix", ["#", "$"])
async def test_the_parameter_if_and_exit(run, prefix):
    text = (
        "vars: {logging: debug}\npipeline:\n  - body.set:\n      value: on\n      if: \"P{vars.logging == 'debug'}\"\n"
    )
    text += '  - exit:\n      if: "P{2 > 1}"\n  - body.set: never\n'
    assert (await run(text.replace("P{", prefix + "{"))).body == "on"


@pytest.mark.parametrize(
    "text",
    [
        'headers:\n  onError: {"action": "IGNORE"}\npipeline:\n  - error: {message: x}\n  - body.set: on\n',
        'headers:\n  onError: "LOG"\npipeline:\n  - error: {message: x}\n  - body.set: on\n',
        'pipeline:\n  - error:\n      message: x\n      onError: {"action": "LOG"}\n  - body.set: on\n',
        'headers:\n  onError: "THROW"\npipeline:\n  - error:\n      message: x\n      onError: "IGNORE"\n  - body.set: on\n',
        'pipeline:\n  - error:\n      message: x\n      onError: {"action": "RETRY", "times": 3,  "wait": 0,  '
        '"then": {"action": "IGNORE"} }\n  - body.set: on\n',
    ],
)
async def test_errors_that_are_ignored_in_all_spellings(run, text):
    assert (await run(text)).body == "on"


async def test_a_pipeline_calls_another_with_variables(run, hub):
    hub.pipelines["global/app/myapp/pipeline/concat"] = """
vars:
    user: null
pipeline:
    - body.set:
        value: "#{vars.user.firstName} #{vars.user.lastName} (#{vars.user.email})"
"""
    text = """
pipeline:
    - pipeline.start:
        key: "global/app/myapp/pipeline/concat"
        vars: {"user": {"firstName": "Sam", "lastName": "Smith", "email": "s.smith@company.com"}}
"""
    assert (await run(text)).body == "Sam Smith (s.smith@company.com)"


@pytest.mark.parametrize(
    "text",
    [
        "vars: {said: \"#{@uri.resolve('$uri:pipeline:global/app/myapp/pipeline/hello')}\"}\n"
        "pipeline:\n  - body.set: '#{vars.said}'\n",
        "pipeline:\n  - body.set: \"#{@resolve.uri('$uri:pipeline:global/app/myapp/pipeline/hello')}\"\n",
    ],
)
async def test_a_uri_in_an_expression_runs_a_stored_pipeline(run, hub, text):
    hub.pipelines["global/app/myapp/pipeline/hello"] = 'pipeline:\n    - set.body:\n        value: "HELLO WORLD!"\n'
    assert (await run(text)).body == "HELLO WORLD!"


async def test_a_uri_names_a_stored_pipeline(run, hub):
    hub.pipelines["global/app/myapp/pipeline/hello"] = 'pipeline:\n    - set.body:\n        value: "HELLO WORLD!"\n'
    assert (await run('pipeline:\n  - call: "$uri:pipeline:global/app/myapp/pipeline/hello"\n')).body == "HELLO WORLD!"
