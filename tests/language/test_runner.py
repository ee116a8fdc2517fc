"""How a run goes: values, order, threads, users, errors and bounds."""

import asyncio
import contextvars
import logging
import threading

import pytest

from pfnb import functions
from pfnb.exceptions import (
    AccessDeniedError,
    NotFoundError,
    ParameterError,
    PelEvaluationError,
    PipelineError,
    RunLimitError,
    StepError,
)
from pfnb.language import ANONYMOUS, NULL, Limits, Runner, User, listen_accepts, parse_pipeline, steps_of
from pfnb.language.context import MAX_LOG, MAX_MESSAGE
from pfnb.language.roles import EVERYTHING


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


async def failure(running, kind):
    with pytest.raises(kind) as caught:
        await running
    assert type(caught.value) is kind
    return caught.value


class TestValues:
    async def test_expressions_deep_inside_arguments_are_evaluated(self, run):
        result = await run("vars: {a: 1}\n" + steps('body.set: {value: {x: ["#{vars.a}", {y: "is #{vars.a}"}]}}'))
        assert result.body == {"x": [1, {"y": "is 1"}]}

    async def test_vars_are_evaluated_in_their_order_and_given_ones_come_first(self, run):
        text = 'vars: {a: 1, b: "#{vars.a + 1}"}\n' + steps('body.set: "#{vars.b}"')
        assert (await run(text)).body == 2
        assert (await run(text, vars={"a": 5})).body == 6
        assert (await run(text, vars={"b": 9})).body == 9

    async def test_the_body_given_comes_before_the_pipeline_s(self, run):
        text = "body: {a: 1}\n" + steps('set: {value: "#{body}"}')
        assert (await run(text)).body == {"a": 1}
        assert (await run(text, body={"b": 2})).body == {"b": 2}

    async def test_a_body_may_have_expressions(self, run):
        result = await run('vars: {a: 1}\nbody: ["#{vars.a}"]\n' + steps("log"))
        assert result.body == [1]

    async def test_headers_are_seen(self, run):
        result = await run("headers: {team: red}\n" + steps('body.set: "#{headers.team}"'))
        assert result.body == "red"

    async def test_data_is_never_evaluated_however_often_it_is_copied(self, run):
        payload = {"text": "#{7*7}", "list": ["${7*7}"]}
        text = 'vars: {copy: "#{body}"}\n' + steps(
            'set: {value: {again: "#{body}"}}',
            'set: {value: "#{body.again}", output: vars.next}',
            'set: {value: "#{vars.next}"}',
            'foreach: {in: "#{body.list}", as: one}',
            'var.set: {key: last, value: "#{vars.one}"}',
            "foreach.end",
            'set: {value: ["#{body}", "#{vars.copy}", "#{vars.last}"]}',
        )
        result = await run(text, body=payload)
        assert result.body == [payload, payload, "${7*7}"]

    async def test_runs_do_not_change_the_pipeline(self, registry, hub):
        @registry.command("grow")
        async def grow(vars, by: list):  # noqa: A002 - the word of the language
            vars["list"].append(1)
            by.append(2)
            return [vars["list"], by]

        pipeline = parse_pipeline("vars: {list: []}\n" + steps("grow: {by: []}"), registry)
        for _ in range(2):
            result = await Runner(registry, functions.registry).run(pipeline, user=User("ada", EVERYTHING), hub=hub)
            assert result.body == [[1], [2]]

    async def test_an_expression_that_may_take_long_does_not_hold_the_loop(self, run):
        result = await run("vars: {a: abc}\n" + steps("body.set: \"#{vars.a matches 'a.c'}\""))
        assert result.body is True

    async def test_functions_are_called_by_name(self, run):
        class Text:
            def loud(self, value):
                return value.upper()

        result = await run(steps("body.set: \"#{@text.loud('hi')}\""), functions={"text": Text()})
        assert result.body == "HI"


class TestCommonParameters:
    @pytest.mark.parametrize("condition", ["false", "'no'", "null", "-1", "''", '"#{vars.a > 1}"', '"#{null}"'])
    async def test_a_step_is_left_out(self, run, condition):
        result = await run("vars: {a: 1}\n" + steps(f"body.set: {{value: 1, if: {condition}}}"))
        assert result.body is None
        assert result.steps == ()

    @pytest.mark.parametrize("condition", ["true", "'yes'", "1", '"#{vars.a > 0}"'])
    async def test_a_step_is_not_left_out(self, run, condition):
        assert (await run("vars: {a: 1}\n" + steps(f"body.set: {{value: 1, if: {condition}}}"))).body == 1

    async def test_a_condition_that_is_none_is_an_error_at_its_place(self, run):
        error = await failure(run(steps("log", 'log: {if: "#{vars}"}')), ParameterError)
        assert "if must be true or false" in error.message
        assert (error.line, error.column, error.step) == (3, 16, 2)

    async def test_output_says_where_the_result_goes(self, run):
        text = "body: kept\nvars: {a: {}}\n" + steps(
            "set: {value: 1, output: vars.one}",
            'set: {value: 2, output: "#{vars.a.two}"}',
            "set: {value: null, output: headers.three}",
            'set: {value: ["#{body}", "#{vars.one}", "#{vars.a.two}", "#{headers.three}"]}',
        )
        assert (await run(text)).body == ["kept", 1, 2, None]

    async def test_output_can_only_be_a_path_that_is_there(self, run):
        error = await failure(run(steps("set: {value: 1, output: vars.no.such}")), PelEvaluationError)
        assert (error.line, error.step) == (2, 1)

    async def test_eval_is_evaluated_after_the_command(self, run):
        text = "vars: {a: 0}\n" + steps('body.set: {value: 5, eval: "vars.a = body"}', 'set: {value: "#{vars.a}"}')
        assert (await run(text)).body == 5
        assert (await run(text.replace('"vars.a = body"', '"#{vars.a = body}"'))).body == 5


class TestCommands:
    async def test_a_plain_function_runs_in_a_thread_with_its_context_variables(self, run, registry):
        variable = contextvars.ContextVar("variable")

        @registry.command("where")
        def where():
            return [threading.current_thread() is threading.main_thread(), variable.get()]

        variable.set("seen")
        assert (await run(steps("where"))).body == [False, "seen"]

    async def test_a_coroutine_runs_on_the_loop(self, run, registry):
        @registry.command("where")
        async def where():
            await asyncio.sleep(0)
            return asyncio.get_running_loop() is loop

        loop = asyncio.get_running_loop()
        assert (await run(steps("where"))).body is True

    async def test_main_asks_for_the_main_thread(self, run, registry):
        variable = contextvars.ContextVar("variable")

        @registry.command("where")
        def where():
            return variable.get()

        async def call_main(function):
            called.append(function)
            return function()

        called = []
        variable.set("seen")
        assert (await run(steps("where: {main: true}"), call_main=call_main)).body == "seen"
        assert len(called) == 1
        await run(steps("where: {main: false}"), call_main=call_main)
        assert len(called) == 1

    async def test_main_without_a_kernel_is_an_error(self, run, registry):
        registry.command("where", main=True)(lambda: 1)
        error = await failure(run(steps("where")), PipelineError)
        assert "needs the main thread" in error.message
        assert (error.line, error.step) == (2, 1)

    async def test_a_function_gets_what_it_asks_for(self, run, registry):
        @registry.command("all")
        def everything(body, event, vars, headers, own="x"):  # noqa: A002 - the word of the language
            return [body, event, vars, headers, own]

        event = {"id": "e"}
        result = await run("vars: {a: 1}\nheaders: {h: 2}\n" + steps("all: {own: y}"), event=event)
        assert result.body == [event, event, {"a": 1}, {"h": 2}, "y"]

    async def test_none_keeps_the_body_and_null_does_not(self, run, registry):
        registry.command("nothing")(lambda: None)
        registry.command("null")(lambda: NULL)
        assert (await run(steps("nothing"), body=1)).body == 1
        assert (await run(steps("'null'"), body=1)).body is None

    async def test_a_decorated_coroutine_is_awaited_as_well(self, run, registry):
        async def inner():
            return 5

        registry.command("wrapped")(lambda: inner())
        assert (await run(steps("wrapped"))).body == 5

    async def test_arguments_from_expressions_are_validated_with_their_place(self, run, registry):
        registry.command("add")(lambda body, by: body + by)

        @registry.command("times")
        def times(by: int): ...

        error = await failure(run("vars: {n: many}\n" + steps('times: {by: "#{vars.n}"}')), ParameterError)
        assert 'parameter "by"' in error.message
        assert "'many'" in error.message
        assert (error.line, error.column, error.step) == (3, 17, 1)


class TestUsers:
    @pytest.fixture(autouse=True)
    def secret(self, registry):
        @registry.command("secret")
        async def secret(context):
            return context.user.name

    async def test_anonymous_user_runs_only_what_is_declared_so(self, run):
        error = await failure(
            run(steps("log", "secret"), user=ANONYMOUS, owner=User("ada", EVERYTHING)), AccessDeniedError
        )
        assert error.message == 'anonymousUser may not run secret: put "- iam.run.as: {username: ada}" before it'
        assert (error.line, error.column, error.step, error.status) == (3, 5, 2, 403)

    async def test_not_even_within_a_block(self, run):
        text = steps("if: {true: true}", "foreach: {in: a}", "secret", "foreach.end", "if.end")
        await failure(run(text, user=ANONYMOUS, owner=User("ada", EVERYTHING)), AccessDeniedError)

    async def test_the_owner_lifts_the_pipeline_to_themselves(self, run):
        text = steps("iam.run.as: {username: ada}", "secret")
        assert (await run(text, user=ANONYMOUS, owner=User("ada", EVERYTHING))).body == "ada"

    async def test_others_may_run_it(self, run):
        assert (await run(steps("secret"), user=User("bob", EVERYTHING), owner=User("ada", EVERYTHING))).body == "bob"


class TestErrors:
    async def test_an_error_of_a_command_s_own_code_is_wrapped(self, run, registry):
        @registry.command("fails")
        def fails():
            return {}["missing"]

        error = await failure(run(steps("log", "fails")), StepError)
        assert error.message == "fails failed with KeyError: 'missing'"
        assert (error.line, error.column, error.step, error.status) == (3, 5, 2, 500)
        assert isinstance(error.__cause__, KeyError)

    @pytest.mark.parametrize("raised", [StopIteration(1), SystemExit(2), KeyboardInterrupt(), TimeoutError()])
    @pytest.mark.parametrize("asynchronous", [True, False])
    async def test_whatever_it_is(self, run, registry, raised, asynchronous):
        def fails():
            raise raised

        async def fails_async():
            raise raised

        registry.command("fails")(fails_async if asynchronous else fails)
        error = await asyncio.wait_for(failure(run(steps("fails")), StepError), 5)
        assert error.message.startswith("fails failed with ")

    async def test_an_error_of_ours_passes_with_its_place_filled_in(self, run, registry):
        @registry.command("lost")
        async def lost():
            raise NotFoundError("no such webhook")

        error = await failure(run(steps("log", "lost")), NotFoundError)
        assert (error.message, error.line, error.column, error.step) == ("no such webhook", 3, 5, 2)

    async def test_a_place_in_some_other_text_is_told_in_words(self, run, registry):
        @registry.command("other")
        async def other():
            raise PelEvaluationError("wrong", line=1, column=7)

        error = await failure(run(steps("log", "other")), PelEvaluationError)
        assert (error.message, error.line, error.step) == ("wrong (line 1, column 7)", 3, 2)

    async def test_an_expression_s_error_is_told_at_its_column(self, run):
        text = steps("log", "log:\n      message: |\n        Hello\n        dear #{vars.nobody}")
        error = await failure(run(text), PelEvaluationError)
        assert (error.line, error.step) == (6, 2)
        assert error.column >= 16

    async def test_an_error_in_vars_has_a_line_and_no_step(self, run):
        error = await failure(run('vars:\n  a: "#{vars.b}"\n' + steps("log")), PelEvaluationError)
        assert (error.line, error.step) == (2, None)

    async def test_ignore_goes_on_with_a_warning(self, run, registry, logged):
        registry.command("fails")(lambda: 1 / 0)
        result = await run(steps("fails: {onError: IGNORE}", "body.set: on"))
        assert result.body == "on"
        assert logged == [("WARN", "fails failed with ZeroDivisionError: division by zero")]
        assert [step.error for step in result.steps] == ["fails failed with ZeroDivisionError: division by zero", None]

    async def test_log_goes_on_with_the_whole_error_logged(self, run, registry, logged):
        registry.command("fails")(lambda: 1 / 0)
        assert (await run("headers: {onError: LOG}\n" + steps("fails", "body.set: on"))).body == "on"
        ((level, message),) = logged
        assert level == "ERROR"
        assert "Traceback" in message
        assert "(line 3, column 5, step 1)" in message

    async def test_what_fails_within_a_block_is_not_the_block_s_error(self, run, registry):
        registry.command("fails")(lambda: 1 / 0)
        text = steps("foreach: {in: a, onError: IGNORE}", "fails", "foreach.end")
        error = await failure(run(text), StepError)
        assert (error.line, error.step) == (3, 2)

    async def test_a_failed_run_tells_its_steps(self, run, registry):
        registry.command("fails")(lambda: 1 / 0)
        error = await failure(run(steps("log", "if: {true: true}", "fails", "if.end", "log")), StepError)
        assert [(step.number, step.command, step.error is None) for step in steps_of(error)] == [
            (1, "log", True),
            (2, "if", True),
            (3, "fails", False),
        ]

    async def test_cancelling_passes(self, run, registry):
        started = asyncio.Event()

        @registry.command("waits")
        async def waits():
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(run(steps("waits: {onError: IGNORE}", "log")))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class TestBounds:
    async def test_a_run_has_so_many_steps_and_no_more(self, run):
        text = steps("foreach: {in: 'a, b, c'}", "log: {onError: IGNORE}", "log", "foreach.end")
        await run(text, limits=Limits(steps=7))
        error = await failure(run(text, limits=Limits(steps=6)), RunLimitError)
        assert "has executed 6 steps" in error.message

    async def test_only_the_first_steps_are_recorded(self, run):
        result = await run(steps("foreach: {in: 'a, b, c'}", "log", "foreach.end"), limits=Limits(records=2))
        assert [(step.number, step.command, step.line) for step in result.steps] == [(1, "foreach", 2), (2, "log", 3)]
        assert result.executed == 4
        assert result.steps[0].milliseconds >= result.steps[1].milliseconds

    async def test_a_run_that_never_waits_lets_others_have_the_loop(self, run, registry):
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        await run(
            steps(
                "foreach: {in: '#{vars.many}'}",
                "var.set: {key: x, value: 1}",
                "foreach.end",
            )
            .replace("'#{", '"#{')
            .replace("}'", '}"'),
            vars={"many": list(range(20_000))},
        )
        task.cancel()
        assert turns > 3


class TestListen:
    TEXT = steps('event.listen: {eventKey: order.*, filter: "#{body.payload.total > 10}"}', "body.set: {value: ran}")

    async def test_an_event_is_the_body(self, run):
        text = steps("event.listen: {key: order.paid}", 'body.set: "#{body.payload}"')
        assert (await run(text, event={"payload": 5})).body == 5

    async def test_the_filter_lets_it_in(self, run, registry):
        event = {"payload": {"total": 11}}
        result = await run(self.TEXT, event=event)
        assert (result.body, result.skipped) == ("ran", False)
        assert listen_accepts(parse_pipeline(self.TEXT, registry), event)

    async def test_or_ends_the_run_at_once(self, run, registry):
        event = {"payload": {"total": 9}}
        result = await run(self.TEXT, event=event)
        assert (result.body, result.skipped, result.steps) == (event, True, ())
        assert not listen_accepts(parse_pipeline(self.TEXT, registry), event)

    async def test_a_filter_that_cannot_be_evaluated_is_an_error(self, run):
        error = await failure(run(self.TEXT, event={"payload": {}}), PelEvaluationError)
        assert error.line == 2

    async def test_variables_are_evaluated_only_for_events_that_the_filter_lets_in(self, run):
        text = steps("event.listen: {key: order.*, filter: body.payload.total > 10}", 'body.set: "#{vars.name}"')
        text += 'vars: {name: "#{body.payload.name}"}\n'
        assert (await run(text, event={"payload": {"total": 9}})).skipped
        assert (await run(text, event={"payload": {"total": 11, "name": "Ada"}})).body == "Ada"

    async def test_a_filter_may_read_variables(self, run):
        text = steps("event.listen: {key: order.*, filter: body.payload.total > vars.least}", "body.set: ran")
        text += 'vars: {least: "#{5 * 2}"}\n'
        assert (await run(text, event={"payload": {"total": 9}})).skipped
        assert (await run(text, event={"payload": {"total": 11}})).body == "ran"

    async def test_without_an_event_it_is_just_run(self, run):
        assert (await run(self.TEXT)).body == "ran"


async def test_the_log_of_a_run_is_bounded_in_each_message_and_in_all(run, registry, logged):
    @registry.command("fails")
    def fails() -> None:
        raise ValueError("x" * 5_000_000)

    loop = (f"foreach: {{in: '{'1,' * 59}1'}}", 'log: {message: "#{vars.text}"}', "foreach.end")
    await run(steps("fails: {onError: LOG}", *loop, "log: {message: more}"), vars={"text": "x" * 150_000})
    assert max(len(message) for _, message in logged) < MAX_MESSAGE + 100
    assert logged[1][1].endswith("x… (150,000 characters)")
    assert sum(len(message) for _, message in logged) < MAX_LOG + MAX_MESSAGE
    assert logged[-1] == ("WARN", "this run has logged 5,000,000 characters: its further messages are left out")


async def test_without_a_sink_logs_go_to_pythons_logger(run, caplog):
    with caplog.at_level(logging.DEBUG, logger="pfnb.run"):
        await run(steps("log: {message: 100% sure, level: warn}", "log: {message: x, level: TRACE}"), log=None)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "100% sure"),
        ("DEBUG", "x"),
    ]
