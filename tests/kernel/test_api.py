"""The Python API where no notebook has loaded pfnb."""

from __future__ import annotations

import asyncio
import threading

import pytest

import pfnb
from pfnb import commands
from pfnb.commands import registry
from pfnb.exceptions import NameTakenError, StepError, UnknownCommandError


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    """Commands that a test defines end with it."""
    commands.load()
    monkeypatch.setattr(registry, "_commands", dict(registry._commands))


def test_a_pipeline_runs_without_a_hub():
    result = pfnb.run("pipeline:\n- set.body: {value: '#{body.n * vars.factor}'}", body={"n": 21}, vars={"factor": 2})
    assert result.body == 42
    assert [step.command for step in result.steps] == ["body.set"]


def test_a_pipeline_that_needs_a_hub_says_how_to_get_one():
    with pytest.raises(pfnb.HubUnreachableError, match="%load_ext pfnb") as caught:
        pfnb.run("pipeline:\n- log: {message: a}\n- webhook.get:")
    assert caught.value.line == 3


def test_a_function_of_ones_own_is_called_in_expressions():
    @pfnb.function("api_test.label")
    def label(name: str) -> str:
        return f"<{name}>"

    assert pfnb.run("pipeline:\n- set.body: {value: '#{@api_test.label(@text.trim(body))}'}", body=" a ").body == "<a>"


def test_a_webhook_needs_a_hub():
    with pytest.raises(pfnb.HubUnreachableError, match="%load_ext pfnb"):
        pfnb.webhook("lead.created")


def test_an_error_names_the_line_of_the_text():
    with pytest.raises(UnknownCommandError) as caught:
        pfnb.run("pipeline:\n- lgo: {message: a}")
    assert (caught.value.line, caught.value.column) == (2, 3)


def test_a_coroutine_awaits_a_run():
    async def program():
        return await asyncio.gather(*(pfnb.arun("pipeline: [{set.body: {value: done}}]") for _ in range(3)))

    assert [result.body for result in asyncio.run(program())] == ["done"] * 3


def test_a_users_command_takes_what_it_names():
    @pfnb.command("test.score")
    def score(body, vars, factor: int = 1):  # noqa: A002
        return {"score": len(body) * factor + vars["base"]}

    result = pfnb.run("pipeline:\n- test.score: {factor: '3'}", body="abc", vars={"base": 1})
    assert result.body == {"score": 10}
    assert score("ab", {"base": 0}) == {"score": 2}


def test_defining_a_command_again_replaces_it():
    for version in (1, 2):

        @pfnb.command("test.version")
        def version_(value=version):
            return value

    assert pfnb.run("pipeline:\n- test.version:").body == 2


def test_a_built_in_command_is_not_replaced():
    with pytest.raises(NameTakenError, match="built-in"):

        @pfnb.command("body.set")
        def mine():
            return 1


def test_a_users_commands_are_for_everybody_unless_declared_otherwise():
    @pfnb.command("test.open")
    def open_():
        return 1

    @pfnb.command("test.closed", anonymous=False)
    def closed():
        return 1

    assert registry.get("test.open").anonymous
    assert not registry.get("test.closed").anonymous


@pytest.mark.parametrize("main", [True, False])
def test_a_command_runs_on_the_thread_it_asks_for(main):
    @pfnb.command("test.thread", main=main)
    def thread():
        return threading.current_thread() is threading.main_thread()

    assert pfnb.run("pipeline:\n- test.thread:").body is main


def test_a_commands_error_is_the_cause_of_the_steps():
    @pfnb.command("test.fail")
    def fail():
        raise ValueError("no such lead")

    with pytest.raises(StepError, match="no such lead") as caught:
        pfnb.run("pipeline:\n- test.fail:")
    assert isinstance(caught.value.__cause__, ValueError)


def test_what_a_pipeline_logs_is_printed(capsys):
    pfnb.run("pipeline:\n- log: {message: hello, level: WARN}")
    assert capsys.readouterr().out == "WARN  hello\n"


def test_a_run_leaves_no_thread_behind():
    before = set(threading.enumerate())

    @pfnb.command("test.step")
    def step():
        return 1

    pfnb.run("pipeline:\n- test.step:")
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()
