"""Errors in pipelines: raised, retried, rolled back, dealt with, and cleaned up after."""

import asyncio
import time

import pytest

from pfnb.exceptions import (
    AccessDeniedError,
    NotFoundError,
    ParameterError,
    PipelineSyntaxError,
    RaisedError,
    RunLimitError,
    RunTimeoutError,
    StepError,
)
from pfnb.language import ANONYMOUS, Limits, User, parse_pipeline, steps_of
from pfnb.language.roles import EVERYTHING


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


@pytest.fixture
def flaky(registry):
    """A command `flaky` that fails the first two times it is called."""
    calls = []

    @registry.command("flaky")
    async def flaky():
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise NotFoundError(f"not yet: {len(calls)}")
        return "there"

    return calls


class TestError:
    async def test_it_ends_the_run_with_its_message(self, run):
        with pytest.raises(RaisedError) as caught:
            await run(steps("log", 'error: {message: "no #{vars.what}"}'), vars={"what": "stock"})
        assert (caught.value.message, caught.value.line, caught.value.step, caught.value.status) == (
            "no stock",
            3,
            2,
            500,
        )

    async def test_it_may_have_a_status(self, run):
        with pytest.raises(RaisedError) as caught:
            await run(steps("error: {message: gone, statusCode: 410}"))
        assert caught.value.to_json()["statusCode"] == 410


class TestRetry:
    async def test_a_step_is_tried_again_until_it_succeeds(self, run, flaky, logged):
        result = await run(steps("flaky: {onError: {action: RETRY, times: 2, wait: 0.05}}"))
        assert (result.body, len(flaky)) == ("there", 3)
        assert flaky[2] - flaky[0] >= 0.1
        assert [level for level, _ in logged] == ["WARN", "WARN"]

    async def test_then_the_error_ends_the_run(self, run, flaky):
        with pytest.raises(NotFoundError, match="not yet: 2"):
            await run(steps("flaky: {onError: {action: RETRY, times: 1, wait: 0}}"))

    @pytest.mark.parametrize("then", ["IGNORE", "{action: LOG}"])
    async def test_or_what_then_says_is_done(self, run, flaky, then):
        result = await run(steps(f"flaky: {{onError: {{action: RETRY, wait: 0, then: {then}}}}}", "body.set: on"))
        assert (result.body, len(flaky)) == ("on", 2)

    async def test_as_a_header_it_is_for_all_steps_and_no_block_is_repeated(self, run, flaky):
        text = "headers: {onError: {action: RETRY, times: 5, wait: 0}}\n"
        result = await run(text + steps("foreach: {in: 'a, b'}", "flaky", "foreach.end"))
        assert (result.body, len(flaky)) == ("there", 4)

    async def test_pauses_grow_by_the_backoff(self, run, flaky):
        await run(steps("flaky: {onError: {action: RETRY, times: 2, wait: 0.03, backoff: 3}}"))
        assert flaky[2] - flaky[1] >= 0.09


class TestRollback:
    async def test_its_pipeline_runs_and_the_run_ends_with_the_error(self, run, hub, logged):
        hub.pipelines["global/app/shop/pipeline/rollback"] = steps('log: {message: "undo: #{exception.message}"}')
        with pytest.raises(RaisedError, match=r"^no stock \(line 2, column 5, step 1\)$"):
            await run(
                steps(
                    "error: {message: no stock, onError: {action: ROLLBACK, "
                    "pipeline: 'uri:property:global/app/shop/pipeline/rollback'}}"
                ),
            )
        assert [level for level, _ in logged] == ["ERROR", "INFO"]

    async def test_a_rollback_that_fails_is_told_as_well(self, run):
        with pytest.raises(RaisedError, match="no stock; and its rollback failed: there is no pipeline a/b"):
            await run(steps("error: {message: no stock, onError: {action: ROLLBACK, pipeline: a/b}}"))


class TestExcept:
    async def test_the_error_ends_with_the_block(self, run):
        text = steps("error: boom", "body.set: never", "except", "except.end", 'set: {value: "#{exception}"}')
        assert (await run(text, body=1)).body is None

    async def test_an_error_has_the_type_that_the_pipeline_gives_it(self, run):
        text = steps("error: {message: boom, type: OrderError}", "except: OtherError", "body.set: other", "except.end")
        with pytest.raises(RaisedError):
            await run(text)
        text = text.replace("OtherError", "OrderException").replace("other", '"#{exception.type}"')
        assert (await run(text)).body == "OrderError"

    async def test_it_can_set_the_status_of_the_response(self, run):
        text = steps("error: boom", "except: {responseStatusCode: 422}", "body.set: sorry", "except.end")
        result = await run(text)
        assert (result.body, result.response.status) == ("sorry", 422)

    async def test_finally_can_drop_the_error(self, run):
        assert (await run(steps("error: boom", "finally: {drop: true}", "body.set: done"))).body == "done"

    async def test_its_steps_run_after_an_error_and_without_drop_the_error_goes_on(self, run, logged):
        text = steps(
            "error: boom",
            "body.set: never",
            "except: {drop: false}",
            'log: {message: "#{exception.message}"}',
            "except.end",
        )
        with pytest.raises(RaisedError) as caught:
            await run(text)
        assert caught.value.line == 2
        assert logged == [("INFO", "boom")]
        assert [step.command for step in steps_of(caught.value)] == ["error", "except", "log"]

    async def test_dropped_the_run_goes_on_after_the_block(self, run):
        text = steps(
            "error: boom", "body.set: never", "except: {drop: true}", "except.end", 'set: {value: "#{exception}"}'
        )
        assert (await run(text, body=1)).body is None

    async def test_without_an_error_it_is_left_out(self, run):
        result = await run(steps("except: {drop: true}", "body.set: never", "except.end", "log"))
        assert (result.body, [step.command for step in result.steps]) == (None, ["log"])

    async def test_it_tells_what_happened(self, run, registry):
        @registry.command("fails")
        def fails():
            return 1 / 0

        text = steps("log", "fails", "except: {drop: true}", 'body.set: "#{exception}"', "except.end")
        told = (await run(text, event={"traceId": "6936bd:x"})).body
        assert told["type"] == "StepError"
        assert told["cause"] == "ZeroDivisionError"
        assert (told["statusCode"], told["line"], told["step"], told["auth"]) == (500, 3, 2, "ada")
        assert told["traceId"] == "6936bd:x"
        assert "division by zero" in told["message"]

    @pytest.mark.parametrize(
        ("parameters", "caught"),
        [
            ("type: NotFoundError", True),
            ("type: NotFoundException", True),
            ("type: 'StepError, NotFoundError'", True),
            ("type: [PfnbError]", True),
            ("type: StepError", False),
            ("status: 404", True),
            ("statusCode: '409, 404'", True),
            ("status: [500]", False),
            ("type: NotFoundError, status: 500", False),
        ],
    )
    async def test_only_the_errors_that_are_meant(self, run, flaky, parameters, caught):
        text = steps("flaky", f"except: {{{parameters}, drop: true}}", "body.set: caught", "except.end")
        if caught:
            assert (await run(text)).body == "caught"
        else:
            with pytest.raises(NotFoundError):
                await run(text)

    async def test_a_python_exception_is_found_by_its_name(self, run, registry):
        registry.command("fails")(lambda: {}["x"])
        text = steps("fails", "except: {type: LookupError, drop: true}", "body.set: caught", "except.end")
        assert (await run(text)).body == "caught"

    async def test_within_a_loop_it_is_for_the_steps_of_the_loop(self, run):
        text = 'body: ""\n' + steps(
            "foreach: {in: 'a, b', as: x}", "error: '#{vars.x}'", "except: {drop: true}",
            'body.set: "#{body + exception.message}"', "except.end", "foreach.end",
        )  # fmt: skip
        assert (await run(text)).body == "ab"

    async def test_an_error_within_it_takes_the_first_one_s_place(self, run):
        with pytest.raises(RaisedError, match="second"):
            await run(steps("error: first", "except: {drop: true}", "error: second", "except.end"))

    async def test_an_exit_is_no_error(self, run):
        assert (await run(steps("exit", "except", "body.set: never", "except.end"))).body is None

    def test_never_closed_is_an_error_where_it_begins(self, registry):
        with pytest.raises(PipelineSyntaxError, match=r'put "- except\.end"') as caught:
            parse_pipeline(steps("log", "except", "log"), registry)
        assert (caught.value.line, caught.value.column) == (3, 5)


class TestFinally:
    @pytest.mark.parametrize("step", ["log", "exit", "error: {message: x, onError: IGNORE}"])
    async def test_its_steps_run_at_the_end(self, run, step):
        assert (await run(steps(step, "finally", "body.set: cleaned"))).body == "cleaned"

    async def test_and_after_an_error(self, run, logged):
        with pytest.raises(RaisedError, match="boom"):
            await run(steps("error: boom", "finally: {do: vars.a = 1}", 'log: {message: "#{vars.a}"}'))
        assert logged == [("INFO", "1")]

    async def test_after_an_exit_within_blocks(self, run):
        text = steps(
            "foreach: {in: 'a, b'}", "if: {true: true}", "exit", "if.end", "foreach.end", "finally", "body.set: x"
        )
        assert (await run(text)).body == "x"

    async def test_it_does_not_stand_within_a_block(self, registry):
        with pytest.raises(PipelineSyntaxError, match="extends to the end of the pipeline") as caught:
            parse_pipeline(steps("if: {true: true}", "finally", "log", "if.end"), registry)
        assert caught.value.line == 3

    async def test_even_when_all_steps_are_used_up(self, run, logged):
        text = steps("foreach: {in: 'a, b, c'}", "log", "foreach.end", "finally", "log: {message: cleaned}")
        with pytest.raises(RunLimitError):
            await run(text, limits=Limits(steps=3))
        assert logged[-1] == ("INFO", "cleaned")


class TestLimits:
    async def test_a_run_that_takes_too_long_ends_where_it_is(self, run, logged):
        text = "headers: {timeout: 0.05}\n" + steps(
            "log: {message: a}", "wait: {ms: 60000}", "finally", "log: {message: z}"
        )
        with pytest.raises(RunTimeoutError, match=r"took longer than 0\.05 seconds") as caught:
            await run(text)
        assert (caught.value.line, caught.value.step, caught.value.status) == (4, 2, 504)
        assert [message for _, message in logged] == ["a", "z"]

    async def test_within_a_loop_too_and_the_step_that_took_so_long_is_named(self, run):
        text = "headers: {timeout: 0.05}\n" + steps("foreach: {in: 'a, b'}", "wait: {ms: 60000}", "foreach.end")
        with pytest.raises(RunTimeoutError) as caught:
            await run(text)
        assert (caught.value.line, caught.value.step) == (4, 2)

    async def test_what_cleans_up_has_no_more_time_than_the_run(self, run):
        text = "headers: {timeout: 0.05}\n" + steps("wait: {ms: 60000}", "finally", "wait: {ms: 60000}")
        with pytest.raises(RunTimeoutError):
            await asyncio.wait_for(run(text), 10)

    async def test_a_limit_cannot_be_ignored(self, run):
        text = "headers: {onError: IGNORE}\n" + steps("foreach: {in: 'a, b, c'}", "log", "foreach.end")
        with pytest.raises(RunLimitError):
            await run(text, limits=Limits(steps=2))


class TestHeaders:
    async def test_a_pipeline_runs_only_when_it_is_wanted(self, run, logged):
        text = "headers: {runWhen: \"#{vars.mode == 'test'}\"}\nvars: {mode: live}\n" + steps("body.set: ran")
        result = await run(text)
        assert (result.body, result.skipped, result.steps) == (None, True, ())
        assert logged == [("INFO", "the pipeline was skipped: its header runWhen is false")]
        assert (await run(text, vars={"mode": "test"})).body == "ran"

    async def test_a_pipeline_runs_as_its_header_says(self, run, registry):
        @registry.command("who")
        async def who(context):
            return context.user.name

        text = "headers: {authorization: RunAs ada}\n" + steps("who")
        assert (await run(text, user=ANONYMOUS, owner=User("ada", EVERYTHING))).body == "ada"
        with pytest.raises(AccessDeniedError, match="CAN_RUN_AS"):
            await run(text, user=ANONYMOUS, owner=User("bob", EVERYTHING))

    async def test_errors_of_parameters_are_dealt_with_as_any_other(self, run):
        with pytest.raises(ParameterError):
            await run(steps('wait: {ms: "#{body}"}'), body="long")
        assert (await run(steps('wait: {ms: "#{body}", onError: IGNORE}'), body="long")).body == "long"

    async def test_a_cause_is_kept(self, run, registry):
        registry.command("fails")(lambda: 1 / 0)
        with pytest.raises(StepError) as caught:
            await run(steps("fails: {onError: {action: RETRY, wait: 0}}"))
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
