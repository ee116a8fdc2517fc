"""Stored Python functions, run in real processes."""

from __future__ import annotations

import ctypes
import os
from typing import Any

import pytest

from pfnb.exceptions import (
    AccessDeniedError,
    NameTakenError,
    NotFoundError,
    ParameterError,
    PfnbError,
    PipelineError,
    RunLimitError,
    StepError,
)
from pfnb.language import ANONYMOUS, User
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

LIMITED = User("ada", frozenset({"CAN_PIPE_%"}))


def putting(code: str, name: str = "shop:tools") -> str:
    lines = "".join(f"\n        {line}" for line in code.splitlines())
    return f"pipeline:\n  - function.put:\n      name: {name}\n      code: |{lines}\n"


async def result(run: Any, code: str, step: str = "function.run: {name: 'shop:tools'}", **given: Any) -> Any:
    await run(putting(code))
    return (await run(f"pipeline:\n  - {step}", **given)).body


@pytest.mark.parametrize(
    ("args", "answer"),
    [
        ("{last: Lovelace, first: Ada}", "Ada Lovelace"),
        ("[Ada, Lovelace]", "Ada Lovelace"),
        ("'#{body}'", "Ada Byron"),
    ],
)
async def test_arguments_are_a_map_a_list_or_computed(run: Any, args: str, answer: str) -> None:
    code = "def function(first, last):\n  return first + ' ' + last"
    body = {"first": "Ada", "last": "Byron"}
    step = f"function.run: {{name: 'shop:tools', args: {args}}}"
    wanted = {"status": "ok", "statusCode": 200, "valueType": "string", "value": answer}
    assert await result(run, code, step, body=body) == wanted


@pytest.mark.parametrize("args", ["null", "[]", "{}", "''"])
async def test_no_arguments_are_written_in_several_ways(run: Any, args: str) -> None:
    found = await result(run, "def function(): pass", f"function.run: {{name: 'shop:tools', args: {args}}}")
    assert (found["valueType"], found["value"]) == (None, None)


async def test_a_text_arrives_as_bytes(run: Any) -> None:
    found = await result(run, "def function(data): return str(data)", "function.run: {name: 'shop:tools', args: hé}")
    assert found["value"] == str("hé".encode())


async def test_arguments_come_from_a_property(run: Any) -> None:
    await run("pipeline:\n  - property.put: {path: global/app/shop/data/args, value: [40, 2], type: application/json}")
    step = "function.run: {name: 'shop:tools', args: '$uri:property:global/app/shop/data/args'}"
    assert (await result(run, "def function(a, b): return a + b", step))["value"] == 42


async def test_a_function_is_a_step_with_its_parameters_and_the_common_ones(run: Any) -> None:
    code = "def gross(net, rate): return net * rate"
    step = "shop:tools:gross: {net: '#{body}', rate: 2, output: vars.total}\n  - body.set: '#{vars.total.value}'"
    assert await result(run, code, step, body=21) == 42


async def test_an_expression_runs_a_function(run: Any) -> None:
    step = "body.set: \"#{@function.run('shop:tools:double', {n: body}).value}\""
    assert await result(run, "def double(n): return 2 * n", step, body=21) == 42


async def test_the_code_may_be_another_property_and_the_older_name_works(run: Any) -> None:
    await run("pipeline:\n  - property.put: {path: global/app/shop/text, value: 'def say(): return 7'}")
    await run("pipeline:\n  - function.put: {name: shop.tools, code: '$uri:property:global/app/shop/text'}")
    assert (await run("pipeline:\n  - function.run: {name: 'shop.tools:say'}")).body["value"] == 7


async def test_functions_are_listed_and_deleted(run: Any) -> None:
    await run(putting("def function(): pass", "shop:util.dates"))
    await run("pipeline:\n  - property.put: {path: global/app/shop/function/readme, value: hello}")
    found = (await run("pipeline:\n  - function.get:")).body
    assert (found["count"], found["value"][0]["name"], found["value"][0]["size"]) == (1, "shop:util.dates", 21)
    await run("pipeline:\n  - function.delete: {name: 'shop:util.dates'}")
    with pytest.raises(NotFoundError, match="global/app/shop/function/util/dates"):
        await run("pipeline:\n  - function.run: {name: 'shop:util.dates'}")


async def test_an_async_function_is_awaited_and_prints_are_logged(run: Any, logged: Any) -> None:
    code = "import asyncio\nasync def function():\n  print('here')\n  await asyncio.sleep(0)\n  return [1]"
    found = await result(run, code)
    assert (found["valueType"], found["value"]) == ("array", [1])
    assert ("INFO", "shop:tools: here") in logged


@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        ("def function():\n  raise ValueError('too cheap')", StepError, "line 2: ValueError: too cheap"),
        ("def function(a): pass", StepError, "missing 1 required positional argument: 'a'"),
        ("def function(): return {1, 2}", StepError, "cannot be written as JSON"),
        ("def function(): return float('nan')", StepError, "cannot be written as JSON"),
        ("def other(): pass", NotFoundError, "no function function: it has other"),
        ("def function(): return bytearray(10**9)", StepError, "MemoryError"),
        ("import os\ndef function(): os._exit(3)", RunLimitError, "ended its process"),
        ("def function(pipeforce): pass", StepError, "run the commands in the pipeline"),
        ("def function(): return function()", StepError, "RecursionError"),
    ],
)
async def test_a_faulty_function_says_what_is_wrong(run: Any, code: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        await result(run, code)


@pytest.mark.parametrize(
    "code", ["def function():\n  while True: pass", "import time\ndef function(): time.sleep(100)"]
)
async def test_a_function_that_does_not_end_is_ended(
    run: Any, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr("pfnb.workshop.scripts.SECONDS", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(RunLimitError, match="takes more than 1 s"):
        await result(run, code)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ("{name: hello, code: 'def f(): pass'}", "app:script"),
        ("{name: '../x:y', code: 'def f(): pass'}", "app:script"),
        ("{name: 'shop:a/../b', code: 'def f(): pass'}", "app:script"),
        ("{name: 'shop:a', code: 'def f('}", "not Python in line 1"),
        ("{name: 'shop:a', code: 7}", "expected a text"),
        ("{name: 'shop:a', code: '1 + 1'}", "has no function"),
        ("{name: 'shop:a', code: 'def on_requirements(): pass'}", "on_requirements"),
        ("{name: 'shop:a', code: x, language: ruby}", "language"),
        ("{code: x}", "name"),
        ("{name: 'shop:a', source: x}", "no parameter"),
    ],
)
async def test_what_cannot_be_stored_is_refused(run: Any, parameters: str, text: str) -> None:
    with pytest.raises(PipelineError, match=text):
        await run(f"pipeline:\n  - function.put: {parameters}")
    assert (await run("pipeline:\n  - function.get:")).body["count"] == 0


async def test_a_user_without_admin_needs_the_operators_leave(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await run(putting("def function(): return 1"))
    for text in (putting("def function(): return 1"), "pipeline:\n  - function.run: {name: 'shop:tools'}"):
        with pytest.raises(AccessDeniedError, match="PFNB_FUNCTIONS=all"):
            await run(text, user=LIMITED)
    monkeypatch.setenv("PFNB_FUNCTIONS", "all")
    assert (await run("pipeline:\n  - function.run: {name: 'shop:tools'}", user=LIMITED)).body["value"] == 1
    monkeypatch.setenv("PFNB_FUNCTIONS", "off")
    with pytest.raises(AccessDeniedError, match="switched off"):
        await run("pipeline:\n  - function.run: {name: 'shop:tools'}")


@pytest.mark.parametrize("text", ["body.set: \"#{@function.run('shop:tools')}\"", "shop:tools:function:"])
async def test_an_anonymous_run_runs_no_function(run: Any, text: str) -> None:
    await run(putting("def function(): return 1"))
    with pytest.raises(PfnbError, match="may not run"):
        await run(f"pipeline:\n  - {text}", user=ANONYMOUS)


@pytest.mark.parametrize(
    "step",
    [
        "function.put: {name: 'shop:a', code: '#{body}'}",
        "function.put: {name: 'shop:a'}",
        "function.put: {name: '#{body}', code: 'def f(): pass'}",
        "property.put: {path: global/app/shop/function/a, value: '#{body}', type: application/python;type=script}",
        "property.put: {path: global/app/shop/function/a, value: 'def f()', type: '#{body}'}",
    ],
)
async def test_what_an_event_brings_does_not_become_code(run: Any, step: str) -> None:
    with pytest.raises(ParameterError):
        await run(f"pipeline:\n  - {step}", body="text/x-python", event={"key": "x"})
    assert (await run("pipeline:\n  - property.exists: {path: global/app/shop/function/a}")).body is False


@pytest.mark.parametrize("command", ["property.value.put", "property.updateValue"])
async def test_what_an_event_brings_does_not_change_code(run: Any, command: str) -> None:
    await run(putting("def function(): return 1"))
    path = "global/app/shop/function/tools"
    steps = {
        "property.value.put": f"property.value.put: {{path: {path}, value: '#{{body}}'}}",
        "property.updateValue": f"eval: \"@property.updateValue('{path}', body)\"",
    }
    with pytest.raises(PfnbError, match="is a function, which neither"):
        await run(f"pipeline:\n  - {steps[command]}", body="def function(): return 2", event={"key": "x"})


async def test_a_function_sees_neither_secrets_nor_files_nor_processes(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("PFNB_TOKEN", "s3cret")
    monkeypatch.setenv("PFNB_SMTP_URL", "smtp://ada:s3cret@example.org")
    assert "s3cret" not in str(await result(run, "import os\ndef function(): return dict(os.environ), os.getcwd()"))
    if not _has_landlock():
        pytest.skip("this system has no Landlock")
    kept = tmp_path / "kept"
    kept.write_text("s3cret")
    for body in (
        f"open({str(kept)!r}).read()",
        f"open({str(kept)!r}, 'w').close()",
        f"os.listdir({str(tmp_path)!r})",
        f"open('/proc/{os.getpid()}/environ').read()",
        f"os.kill({os.getpid()}, 0)",
    ):
        with pytest.raises(StepError, match="PermissionError"):
            await result(run, f"import os\ndef function(): return {body}")
    assert kept.read_text() == "s3cret"
    leading = f"import os\ndef function():\n  os.symlink({str(kept)!r}, 'answer.json')\n  os._exit(0)"
    with pytest.raises(RunLimitError, match="ended its process"):
        await result(run, leading)


def _has_landlock() -> bool:
    return bool(os.name == "posix" and ctypes.CDLL(None).syscall(444, None, 0, 1) > 0)


async def test_a_macro_runs_where_it_stands_or_by_its_name(run: Any) -> None:
    anonymous = "vars: {last: Byron}\npipeline:\n  - function: {args: {first: Ada}, do: \"first + ' ' + vars.last\"}"
    assert (await run(anonymous)).body == "Ada Byron"
    named = (
        "body: kept\npipeline:\n  - function: {name: add, args: {a: 1, b: 2}, do: a + b}\n"
        "  - function.call: {name: add, args: {a: '#{40}'}, output: vars.sum}\n  - body.set: '#{body + vars.sum}'"
    )
    assert (await run(named)).body == "kept42"
    assert (await run("pipeline:\n  - macro: {name: add, do: 1 + 1, flow: true}")).body == 2


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ("macro.run: {name: nobody}", NotFoundError),
        ("macro: {args: {body: 1}, do: body}", ParameterError),
        ("macro: {name: a, do: 1}\n  - macro: {name: a, do: 2}", NameTakenError),
        ("macro: {name: a}", ParameterError),
    ],
)
async def test_a_wrong_macro_is_refused(run: Any, steps: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await run(f"pipeline:\n  - {steps}")
