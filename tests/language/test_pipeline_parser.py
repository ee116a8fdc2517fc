"""What a pipeline may say, and where the reader is told that it says something else."""

import json

import pytest

from pfnb.commands import load
from pfnb.exceptions import (
    ParameterError,
    PelSyntaxError,
    PfnbError,
    PipelineSyntaxError,
    UnknownCommandError,
)
from pfnb.language import command_pipeline, parse_pipeline
from pfnb.language.on_error import Action, OnError
from pfnb.language.pipeline import Block, Rules
from pfnb.language.retry import Retry


@pytest.fixture(scope="module")
def registry():
    registry = load().copy()

    @registry.command("crm.score", aliases=("score.crm",))
    def score(body, factor: int = 1, full_name: str = "", in_: list[str] | None = None): ...

    @registry.command("crm.open")
    def anything(vars, **fields): ...  # noqa: A002 - the word of the language

    return registry


@pytest.fixture(scope="module")
def parse(registry):
    return lambda text, **options: parse_pipeline(text, registry, **options)


@pytest.fixture(scope="module")
def problem(parse):
    def problem(text, kind=PfnbError, **options):
        with pytest.raises(PfnbError) as caught:
            parse(text, **options)
        assert type(caught.value) is kind
        return caught.value

    return problem


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


class TestSections:
    def test_all_four_are_read(self, parse):
        pipeline = parse("headers: {name: x}\nvars: {a: 1}\npipeline: [log]\nbody: [1, yes, null, 012, 0x1f, 1e3]\n")
        assert pipeline.headers == {"name": "x"}
        assert pipeline.vars == {"a": 1}
        assert [step.command.name for step in pipeline.steps] == ["log"]
        assert pipeline.body == [1, "yes", None, "012", 31, 1000.0]

    def test_json_is_read_as_well(self, parse):
        text = json.dumps({"vars": {"a": "ü\n😀"}, "pipeline": [{"log": {"message": "hi"}}]}, indent=1)
        pipeline = parse(text)
        assert pipeline.vars == {"a": "ü\n😀"}
        assert pipeline.steps[0].line == 7

    @pytest.mark.parametrize(
        ("text", "line", "column", "words"),
        [
            ("", 1, 1, 'begins with "pipeline:"'),
            ("# nothing\n", 1, 1, 'begins with "pipeline:"'),
            ("- log\n", 1, 1, 'put "pipeline:" in a line above'),
            ("log\n", 1, 1, 'begins with "pipeline:"'),
            ("vars: {}\n", 1, 1, '"pipeline" is missing'),
            ("pipelines: [log]\n", 1, 1, 'no section "pipelines": did you mean "pipeline"?'),
            ("pipeline: [log]\nwhatever: 1\n", 2, 1, "the sections are headers, vars, pipeline, body"),
            ("pipeline:\n", 2, 1, "has no steps"),
            ("pipeline: []\n", 1, 11, "has no steps"),
            ("pipeline: log\n", 1, 11, "must be a list"),
            ("pipeline: {}\n", 1, 11, "has no steps"),
            ("pipeline:\n  -\n", 2, 3, "has no steps"),
            ("vars: 1\npipeline: [log]\n", 1, 7, "vars must be a map of names"),
            ("headers: x\npipeline: [log]\n", 1, 10, "headers must be a map of names"),
        ],
    )
    def test_a_wrong_outline_is_said(self, problem, text, line, column, words):
        error = problem(text, PipelineSyntaxError)
        assert words in error.message
        assert (error.line, error.column) == (line, column)

    def test_lines_count_from_the_line_given(self, problem):
        assert problem(steps("log", "lgo"), UnknownCommandError, first_line=2).line == 4


class TestHeaders:
    def test_names_of_ones_own_are_allowed(self, parse):
        assert parse("headers: {team: a}\npipeline: [log]\n").headers == {"team": "a"}

    @pytest.mark.parametrize(
        ("header", "words"),
        [
            ("onEror: LOG", 'did you mean "onError"?'),
            ("onerror: LOG", 'did you mean "onError"?'),
            ("descripton: x", 'did you mean "description"?'),
            ("runwhen: x", 'did you mean "runWhen"?'),
        ],
    )
    def test_what_is_nearly_known_or_not_supported_is_refused(self, problem, header, words):
        error = problem(f"headers:\n  {header}\npipeline: [log]\n", PipelineSyntaxError)
        assert words in error.message
        assert (error.line, error.column) == (2, 3)

    def test_on_error_is_the_default_of_all_steps(self, parse):
        pipeline = parse("headers: {onError: {action: LOG}}\npipeline: [log, log: {onError: THROW}]\n")
        assert [step.options.on_error for step in pipeline.steps] == [OnError(Action.LOG), OnError()]

    def test_what_headers_ask_for_is_read(self, parse):
        rules = parse(
            "headers:\n  retry: {times: 5, wait: 2, backoff: 3}\n  timeout: 1.5\n  concurrency: 4\n  ordered: strict\n"
            "  authorization: RunAs ada\n  runWhen: false\n  tracing: 'false'\n  mocksEnabled: false\n  version: v3\n"
            "pipeline: [log]\n"
        ).rules
        assert rules == Rules(
            run_when=False, run_as="ada", timeout=1.5, concurrency=4, strict=True, retry=Retry(5, 2, 3), version=3,
            tracing=False, mocks=False,
        )  # fmt: skip

    def test_without_headers_nothing_is_asked_for(self, parse):
        pipeline = parse("pipeline: [log]\n")
        assert pipeline.rules == Rules()
        assert pipeline.retry is None

    def test_a_retry_may_be_a_number_of_times(self, parse):
        retry = parse("headers: {retry: 4}\npipeline: [log]\n").retry
        assert retry == Retry(times=4)
        assert [retry.delay(number) for number in (1, 2, 3)] == [3, 3, 3]

    def test_pauses_are_lengthened_at_random_by_the_jitter(self, parse):
        retry = parse("headers: {retry: {times: 9, wait: 2, backoff: 2, jitter: 0.5}}\npipeline: [log]\n").retry
        pauses = {retry.delay(2) for _ in range(50)}
        assert len(pauses) > 1
        assert all(4 <= pause <= 6 for pause in pauses)
        assert retry.longest(2) == 6

    def test_pauses_grow_by_the_backoff_and_stay_bounded(self, parse):
        retry = parse("headers: {retry: {times: 9, wait: 2, backoff: 10}}\npipeline: [log]\n").retry
        assert [retry.delay(number) for number in (1, 2, 3, 90)] == [2, 20, 200, 86_400]

    @pytest.mark.parametrize(
        ("header", "column", "words"),
        [
            ("retry: {times: -1}", 10, "retry.times must be a whole number from 0 to 100, not -1"),
            ("retry: {time: 1}", 10, "retry has no 'time': it has times, wait, backoff, jitter"),
            ("retry: often", 10, "retry"),
            ("timeout: 0", 12, "timeout must be a number of seconds"),
            ("timeout: soon", 12, "timeout must be a number of seconds"),
            ("concurrency: 0", 16, "concurrency must be from 1 to 64"),
            ("ordered: loose", 12, 'ordered can only be "strict"'),
            ("authorization: Bearer abc", 18, 'authorization must be "RunAs NAME"'),
            ("version: new", 12, "a version is written v1"),
            ("runWhen: maybe", 12, "runWhen must be true or false"),
        ],
    )
    def test_a_value_that_a_header_cannot_have_is_said_at_its_place(self, problem, header, column, words):
        error = problem(f"headers:\n  {header}\npipeline: [log]\n", ParameterError)
        assert words in error.message
        assert (error.line, error.column) == (2, column)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("ignore", OnError(Action.IGNORE)),
            ("RETRY", OnError(Action.RETRY, Retry(), OnError())),
            (
                "{action: RETRY, times: 3, wait: 2, then: {action: LOG}}",
                OnError(Action.RETRY, Retry(3, 2), OnError(Action.LOG)),
            ),
            ("{action: ROLLBACK, pipeline: a/b}", OnError(Action.ROLLBACK, pipeline="a/b")),
        ],
    )
    def test_on_error_has_short_and_long_forms(self, parse, value, expected):
        assert parse(steps(f"log: {{onError: {value}}}")).steps[0].options.on_error == expected

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("ROLLBACK", 'ROLLBACK needs the "pipeline"'),
            ("{action: LOG, times: 2}", 'LOG has no parameter "times"'),
            ("{action: RETRY, then: RETRY}", "cannot be RETRY"),
            ("{action: RETRY, wait: long}", "onError.wait"),
            ("{times: 2}", "onError must be one of"),
        ],
    )
    def test_an_on_error_that_makes_no_sense_is_refused(self, problem, value, words):
        error = problem(steps(f"log: {{onError: {value}}}"), ParameterError)
        assert words in error.message
        assert (error.line, error.column) == (2, 20)

    def test_an_action_that_is_none_is_refused(self, problem):
        error = problem("headers:\n  onError: STOP\npipeline: [log]\n", ParameterError)
        assert "THROW, LOG, IGNORE" in error.message
        assert (error.line, error.column) == (2, 12)


class TestSteps:
    def test_a_step_is_a_name_or_a_name_with_parameters(self, parse):
        pipeline = parse("pipeline:\n  - log\n  - log:\n  - log: {message: a}\n  - log:\n      message: b\n")
        assert [dict(step.arguments) for step in pipeline.steps] == [{}, {}, {"message": "a"}, {"message": "b"}]
        assert [(step.number, step.line, step.column) for step in pipeline.steps] == [
            (1, 2, 5),
            (2, 3, 5),
            (3, 4, 5),
            (4, 5, 5),
        ]

    @pytest.mark.parametrize(
        ("step", "line", "column", "words"),
        [
            ("log:\n    message: hi", 3, 5, "indent it further if it is a parameter"),
            ("log: {message: hi}\n    set: {value: 1}", 3, 5, 'begin "set" with its own "- "'),
            ("{}", 2, 5, "this step is empty"),
            ("[log]", 2, 5, "a step is a command, not a list"),
        ],
    )
    def test_a_step_that_is_none_is_said(self, problem, step, line, column, words):
        error = problem(steps(step), PipelineSyntaxError)
        assert words in error.message
        assert (error.line, error.column, error.step) == (line, column, 1)

    def test_a_dash_without_a_command_is_no_step(self, parse):
        assert [step.number for step in parse("pipeline:\n  -\n  - log\n  -\n  - log\n").steps] == [1, 2]

    def test_steps_may_be_a_map_as_in_older_pipelines(self, parse):
        pipeline = parse("pipeline:\n  body.set:\n    value: 1\n  log: {message: hi}\n")
        assert [(step.command.name, step.line, step.number) for step in pipeline.steps] == [
            ("body.set", 2, 1),
            ("log", 4, 2),
        ]

    def test_an_unknown_command_is_told_the_nearest(self, problem):
        error = problem(steps("log", "webhook.putt: {eventKey: a}"), UnknownCommandError)
        assert 'did you mean "webhook.put"?' in error.message
        assert (error.line, error.column, error.step) == (3, 5, 2)

    def test_an_alias_is_a_name(self, parse):
        assert parse(steps("score.crm")).steps[0].command.name == "crm.score"

    def test_a_bare_value_fills_the_main_parameter_of_commands_that_have_one(self, parse, problem):
        assert dict(parse(steps("body.set: hello")).steps[0].arguments) == {"value": "hello"}
        assert dict(parse(steps("log: hello")).steps[0].arguments) == {"message": "hello"}
        error = problem(steps("var.set: hello"), ParameterError)
        assert 'var.set needs parameters with names, such as "- var.set: {key: value}"' in error.message
        assert (error.line, error.column) == (2, 14)


class TestParameters:
    def test_camel_case_snake_case_and_python_s_reserved_words(self, parse):
        first = parse(steps("crm.score: {fullName: a, in: [b]}")).steps[0]
        assert dict(first.arguments) == {"full_name": "a", "in_": ["b"]}
        assert dict(parse(steps("crm.score: {full_name: a}")).steps[0].arguments) == {"full_name": "a"}

    def test_a_command_with_open_parameters_takes_any(self, parse):
        assert dict(parse(steps("crm.open: {what: 1, Ever: 2}")).steps[0].arguments) == {"what": 1, "Ever": 2}

    @pytest.mark.parametrize(
        ("step", "column", "words"),
        [
            ("crm.score: {facter: 2}", 17, 'no parameter "facter": did you mean "factor"?'),
            ("crm.score: {oneror: LOG}", 17, 'did you mean "onError"?'),
            ("crm.score: {FULLNAME: a}", 17, 'no parameter "FULLNAME": did you mean "fullName"?'),
            ("crm.score: {actors: a}", 17, 'did you mean "factor"?'),
            ("crm.score: {fader: a}", 17, "it has factor, fullName, in"),
            ("crm.score: {zzz: 2}", 17, "it has factor, fullName, in"),
            ("crm.score: {factor: many}", 25, 'parameter "factor"'),
            ("crm.score: {fullName: a, full_name: b}", 30, "given twice"),
            ("crm.score: {in: [a, [b]]}", 21, 'parameter "in.1"'),
            ("var.set", 5, 'var.set needs the parameter "key"'),
            ("log: {level: LOUD}", 18, "'LOUD'"),
            ("event.send: {payload: 1}", 5, 'needs the parameter "key"'),
            ("http.response.set: {statusCode: 99}", 37, "greater than or equal to 200"),
            ("webhook.put: {eventKey: a, payloadType: xml}", 45, "'xml'"),
            ("log: {if: perhaps}", 15, 'an expression is written "#{perhaps}"'),
            ("log: {if: [true]}", 15, "true or false"),
            ("log: {onError: Maybe}", 20, "not 'Maybe'"),
            ("log: {main: true}", 17, 'and log is an "async def"'),
            ("log: {main: 1}", 17, "main must be true or false"),
            ("log: {eval: [1]}", 17, "eval must be an expression"),
            ("log: {output: 5 +}", 22, "output must be a path"),
            ("log: {output: {}}", 19, "output must be a path"),
            ("log: {id: [1]}", 15, "id must be a text"),
            ("event.listen: {key: '#{vars.a}'}", 25, "must be known before the run"),
        ],
    )
    def test_a_wrong_parameter_is_said_where_it_is(self, parse, step, column, words):
        with pytest.raises(PfnbError) as caught:
            parse(steps(step))
        assert words in caught.value.message
        assert (caught.value.line, caught.value.column, caught.value.step) == (2, column, 1)

    def test_a_value_with_an_expression_is_judged_at_run_time(self, parse):
        assert parse(steps("crm.score: {factor: '#{vars.n}', in: ['#{vars.a}']}"))

    def test_a_literal_beside_an_expression_is_judged_at_once(self, problem):
        error = problem(steps("crm.score: {fullName: '#{vars.n}', factor: many}"), ParameterError)
        assert (error.line, error.column) == (2, 48)


class TestExpressions:
    @pytest.mark.parametrize(
        ("value", "line", "column"),
        [
            ("${1 2}", 3, 20),
            ("'#{1 2}'", 3, 21),
            ('"#{1 2}"', 3, 21),
            ("ab ${1 2} cd", 3, 23),
            ("'it''s #{1 2}'", 3, 27),
            ('"\\ta\\u0020 #{1 2}"', 3, 31),
            ("&here ${1 2}", 3, 26),
            ("|\n        one\n         two #{1 2}\n", 5, 18),
            (">\n        one\n        two #{1 2}\n", 3, 16),
            ("one\n        two ${1 2}\n", 3, 16),
        ],
    )
    def test_an_error_in_one_is_told_at_its_column(self, problem, value, line, column):
        error = problem(f"pipeline:\n  - log:\n      message: {value}\n", PelSyntaxError)
        assert (error.line, error.column, error.step) == (line, column, 1)

    @pytest.mark.parametrize(
        ("step", "column"),
        [
            ("log: {if: '${1 2}'}", 20),
            ("log: {eval: '1 2'}", 20),
            ("log: {eval: '#{1 2}'}", 22),
            ("log: {output: vars.a b}", 26),
            ("event.listen: {key: a, filter: '#{1 2}'}", 41),
        ],
    )
    def test_and_in_the_common_parameters_as_well(self, problem, step, column):
        error = problem(steps(step), PelSyntaxError)
        assert (error.line, error.column, error.step) == (2, column, 1)

    @pytest.mark.parametrize("section", ["vars:\n  a: ", "body:\n  - "])
    def test_and_in_vars_and_body(self, problem, section):
        error = problem(f"{section}${{1 2}}\npipeline: [log]\n", PelSyntaxError)
        assert (error.line, error.column) == (2, len(section.split("\n")[1]) + 5)


class TestBlocks:
    def test_blocks_nest(self, parse):
        pipeline = parse(
            steps(
                "if: {true: true}", "log", "foreach: {in: a}", "log", "foreach.end", "if.else", "log", "if.end", "log"
            )
        )
        block, after = pipeline.steps
        assert isinstance(block, Block)
        assert [part.name for part in block.parts] == ["if", "if.else"]
        log, inner = block.parts[0].steps
        assert isinstance(inner, Block)
        assert (log.number, inner.step.number, after.number) == (2, 3, 9)

    @pytest.mark.parametrize(
        ("lines", "line", "words"),
        [
            (["if: {true: true}", "log"], 2, '"if" is never closed: put "- if.end"'),
            (["log", "foreach: {in: a}", "if: {true: true}", "if.end"], 3, '"foreach" is never closed'),
            (["log", "if.end"], 3, '"if.end" has no "if" above it'),
            (["if.else:"], 2, '"if.else" has no "if"'),
            (["foreach: {in: a}", "if.end", "foreach.end"], 3, 'not allowed within the "foreach" in line 2'),
            (["if: {true: true}", "if.else", "if.else", "if.end"], 4, 'a second "if.else" for the "if" in line 2'),
            (["if: {true: true}"] * 51 + ["if.end"] * 51, 52, "nested deeper than 50"),
        ],
    )
    def test_a_wrong_structure_is_said_where_it_begins(self, problem, lines, line, words):
        error = problem(steps(*lines), PipelineSyntaxError)
        assert words in error.message
        assert (error.line, error.column, error.step) == (line, 5, line - 1)

    def test_the_frame_of_a_block_has_id_and_eval_only(self, parse, problem):
        assert parse(steps("if: {true: true}", "if.end: {eval: '1', id: x}"))
        error = problem(steps("if: {true: true}", "if.end: {output: vars.a}"), ParameterError)
        assert "it has id and eval" in error.message
        assert (error.line, error.column) == (3, 14)

    def test_a_missing_parameter_of_a_block_is_said(self, problem):
        assert 'foreach needs the parameter "in"' in problem(steps("foreach", "foreach.end"), ParameterError).message


class TestListen:
    @pytest.mark.parametrize("key", ["key", "eventKey"])
    def test_the_leading_listen_declares_a_listener(self, parse, key):
        listen = parse(steps(f"event.listen: {{{key}: 'order.*', filter: '#{{body.payload.x}}'}}", "log")).listen
        assert (listen.event_key, listen.line) == ("order.*", 2)
        assert listen.filter is not None

    def test_without_one_there_is_no_listener(self, parse):
        assert parse(steps("log")).listen is None

    def test_a_later_one_is_refused(self, problem):
        error = problem(steps("log", "event.listen: {key: a}"), PipelineSyntaxError)
        assert "must be the first step" in error.message
        assert (error.line, error.step) == (3, 2)


class TestCommandPipeline:
    """A single command with its parameters, as HTTP and the command line call it."""

    def test_values_are_data(self, registry):
        (step,) = command_pipeline("log", {"message": "#{7*7}", "level": "warn"}, registry).steps
        assert dict(step.arguments) == {"message": "#{7*7}", "level": "warn"}

    @pytest.mark.parametrize(
        ("name", "parameters", "words"),
        [
            ("lgo", {}, 'did you mean "log"'),
            ("log", {"mesage": 1}, 'did you mean "message"'),
            ("webhook.delete", {}, 'needs the parameter "uuid"'),
            ("crm.score", {"factor": "many"}, 'parameter "factor"'),
            ("foreach", {"in": "a"}, "does nothing outside a pipeline"),
            ("event.listen", {"key": "a"}, "does nothing outside a pipeline"),
        ],
    )
    def test_what_is_wrong_is_said(self, registry, name, parameters, words):
        with pytest.raises(PfnbError, match=words):
            command_pipeline(name, parameters, registry)


def test_other_people_s_commands_are_named_and_not_crashed_on(problem):
    text = "pipeline:\n  - drive.share:\n      path: a.pdf\n  - mail.send:\n      to: x\n"
    assert 'there is no command "drive.share"' in problem(text, UnknownCommandError).message


def test_a_text_of_very_many_steps_is_refused_at_the_first_that_is_too_many(problem):
    said = problem("pipeline:\n" + "  - log: x\n" * 2_001, PipelineSyntaxError)
    assert (said.line, said.message) == (
        2_002,
        "a pipeline may have at most 2,000 steps: call other pipelines for parts of it",
    )
