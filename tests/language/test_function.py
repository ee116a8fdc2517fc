"""Functions of one's own in expressions: their names, their arguments, and what a run gives to them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from pfnb.exceptions import NameTakenError, ParameterError, PelEvaluationError
from pfnb.functions import registry
from pfnb.language import Context, FunctionRegistry, Runner, User, parse_pipeline
from pfnb.language import evaluate as evaluate_built_in
from pfnb.language.pel import evaluate, render

SCOPE = {"vars": {"n": 4}, "body": "x", "headers": {}}


@pytest.fixture
def functions():
    return FunctionRegistry()


def test_a_function_is_called_by_its_name(functions):
    @functions.function("crm.label")
    def label(name: str, times: int = 1) -> str:
        return name * times

    assert label("a") == "a"
    assert evaluate("@crm.label(body, '3')", SCOPE, functions) == "xxx"
    assert render("#{@crm.label(vars.n)}!", SCOPE, functions) == "4!"


def test_null_is_taken_only_where_the_annotations_say_so(functions):
    functions.function("crm.strict")(lambda name: name)

    @functions.function("crm.label")
    def label(name: str, mark: str | None = "!", tags: list[str] = None) -> str:  # noqa: RUF013 - as people write it
        return f"{name}{mark}{tags}"

    assert evaluate("@crm.label('a', null, null)", SCOPE, functions) == "aNoneNone"
    assert evaluate("@crm.strict(null)", SCOPE, functions) is None
    with pytest.raises(PelEvaluationError, match="argument 'name': expected a text, not null"):
        evaluate("@crm.label(null)", SCOPE, functions)


def test_a_group_may_have_several_functions_and_dots(functions):
    functions.function("my.crm.one")(lambda: 1)
    functions.function("my.crm.two")(lambda: 2)
    assert evaluate("@'my.crm'.one() + @'my.crm'.two()", SCOPE, functions) == 3
    assert [each.name for each in functions.functions()] == ["my.crm.one", "my.crm.two"]
    assert list(functions) == ["my.crm"]
    assert len(functions) == 1


def test_defining_it_again_replaces_it(functions):
    functions.function("crm.label")(lambda: 1)
    functions.function("crm.label")(lambda: 2)
    assert evaluate("@crm.label()", SCOPE, functions) == 2


@pytest.mark.parametrize("name", ["label", "crm.", ".label", "crm._label", "crm label.x", "crm.__class__", "1.x"])
def test_a_name_has_a_group(functions, name):
    with pytest.raises(ParameterError, match='not a valid name for a function: use one such as "crm'):
        functions.function(name)


def test_built_in_functions_are_there_by_themselves_and_cannot_be_replaced():
    assert evaluate_built_in("@text.leftPad('a', 3)", SCOPE) == "  a"
    with pytest.raises(NameTakenError, match='such as "my'):
        registry.function("text.leftPad")(lambda: 1)


def test_the_callers_own_objects_take_the_place_of_all_others():
    with pytest.raises(PelEvaluationError, match="no function object '@text'"):
        evaluate("@text.trim('a')", SCOPE, {})


async def test_a_run_gives_its_context_and_waits_for_what_is_asynchronous(run, functions):
    @functions.function("test.send")
    async def send(context: Context, key: str, payload: int = 1):
        assert context.scope.vars["n"] == payload
        return (await context.hub.send_event(key, payload))["method"]

    functions.function("test.user")(lambda context: context.user.name)
    text = """
    vars:
      n: 1
      user: ${@test.user()}
    pipeline:
      - body.set: ${@test.send('a.b')} by ${vars.user}
    """
    assert (await run(text, functions=functions)).body == "send_event by ada"


async def test_what_a_function_raises_ends_the_run_at_its_line(run, functions):
    @functions.function("test.fail")
    async def fail():
        raise ParameterError("out of order")

    with pytest.raises(PelEvaluationError, match=r"@test.fail\(…\): out of order \(line 3, column 21, step 1\)"):
        await run('\npipeline:\n  - body.set: "a #{ @test.fail() }"', functions=functions)


async def test_functions_that_wait_for_threads_leave_some(registry, hub, functions):
    @functions.function("test.read")
    async def read(number: int) -> int:
        await asyncio.sleep(0.01)
        return await asyncio.to_thread(lambda: number)

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(5))
    pipeline = parse_pipeline("pipeline: [{body.set: '${@test.read(body)}'}]", registry)
    runner = Runner(registry, functions)
    async with asyncio.timeout(10):
        results = await asyncio.gather(*(runner.run(pipeline, user=User("ada"), hub=hub, body=n) for n in range(1, 40)))
    assert [result.body for result in results] == list(range(1, 40))


async def test_what_never_answers_is_given_up(run, functions, monkeypatch):
    monkeypatch.setattr("pfnb.language.pel.run_functions.WAIT_SECONDS", 0.05)
    ended = []

    @functions.function("test.wait")
    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(PelEvaluationError, match="no answer within"):
        await run("pipeline: [{body.set: '${@test.wait()}'}]", functions=functions)
    async with asyncio.timeout(5):
        while not ended:
            await asyncio.sleep(0)


def test_without_a_run_what_needs_one_says_so(functions):
    functions.function("test.user")(lambda context: context.user.name)
    functions.function("test.maybe")(lambda context=None: context)

    @functions.function("test.later")
    async def later():
        return 1

    with pytest.raises(PelEvaluationError, match="needs a run"):
        evaluate("@test.user()", SCOPE, functions)
    with pytest.raises(PelEvaluationError, match="asynchronous"):
        evaluate("@test.later()", SCOPE, functions)
    assert evaluate("@test.maybe()", SCOPE, functions) is None
