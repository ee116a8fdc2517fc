"""Python functions that are stored in the hub, by name."""

from __future__ import annotations

import ast
from functools import partial
from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.inputs import as_text, chosen
from pfnb.exceptions import ParameterError
from pfnb.language.context import Context
from pfnb.language.media_types import PYTHON_TYPE, is_python
from pfnb.language.offload import threaded
from pfnb.language.parameters import UNSET
from pfnb.rows.property import PropertyRow
from pfnb.workshop.stored import FunctionName, FunctionResult, check_allowed, find, names_of
from pfnb.workshop.stored import run as run_stored

_HOOKS = {"on_deploy", "on_requirements", "on_undeploy"}

Name = Annotated[str, Field(description="`app:script`, or `app:script:function`; a script has dots between folders.")]


class FunctionRow(TypedDict, total=False):
    """A stored script; `size` in bytes, times in seconds since 1970. Only a single one has its `content`."""

    name: str
    size: int
    created: float
    modified: float
    language: str
    status: str
    statusMessage: str
    content: str


class FunctionRows(TypedDict):
    """The envelope of a list of scripts."""

    status: str
    statusCode: int
    valueType: str
    value: Any
    count: int


@command("function.put")
async def put(
    body: Any,
    context: Context,
    name: Name,
    code: Annotated[Any, Field(description="Python code, or `$uri:property:PATH`. Default: the body.")] = UNSET,
    language: Annotated[Literal["python"], Field(description="The only one there is.")] = "python",  # noqa: ARG001
) -> FunctionRows:
    """Store a Python script, whose functions `function.run` runs. It is a property of the type `application/python;type=script`
    at `global/app/APP/function/SCRIPT`, which can be stored in any other way, too.

    Needs `ADMIN`, unless the hub's operator sets `PFNB_FUNCTIONS=all`. A run started by an event stores only a `code` without
    expressions: a stranger's data never becomes code.

    Example:
        pipeline:
          - function.put:
              name: shop:prices
              code: |
                def gross(net):
                    return net * 1.19
          - function.run: {name: "shop:prices:gross", args: {net: 100}}
          - body.set: "#{body.value}"
        # => 119.0
    """
    check_allowed(context.user)
    if context.event is not None and (code is UNSET or not context.says("name", "code")):
        raise ParameterError(
            "function.put: what an event brings does not become code: write it as the value of `code`, or store it from outside"
        )
    script = names_of(name)[0]
    source = await as_text(_value(chosen(code, body), "code", context), context)
    await threaded(partial(_check, source, str(script)))
    saved = await context.hub.put_property(script.path, {"value": source, "type": PYTHON_TYPE})
    return _envelope(_row(saved["property"], str(script)))


@command("function.get", read_only=True)
async def get(
    context: Context,
    name: Annotated[str | None, Field(description="`app:script`. Default: all, without their code.")] = None,
) -> FunctionRows:
    """List the stored scripts, or get one with its code as `value.content`.

    Example:
        pipeline:
          - function.put: {name: "shop:hello", code: "def function(): return 'Hello'"}
          - function.get: {name: "shop:hello"}
          - body.set: "#{body.value.content}"
        # => "def function(): return 'Hello'"
    """
    if name is not None:
        found, row = await find(context, name)
        return _envelope({**_row(row, str(found)), "content": _source(row)})
    rows = [row for row in await context.hub.list_properties("global/app/*/function/**") if is_python(row["type"])]
    return _envelope([_row(row, _name(row["path"])) for row in rows])


@command("function.run")
async def run(
    context: Context,
    name: Name,
    args: Annotated[
        Any, Field(description="A map (by name), a list (by position), or one text or file, which it gets as bytes.")
    ] = None,
    eval_args: Annotated[bool, Field(description="Only true: expressions in `args` are evaluated.")] = True,
) -> FunctionResult:
    """Run a function of a stored Python script, `function` unless another is named. The result is in `value`.

    It runs in a process of its own, with at most 60 s and 512 MiB, without the hub's secrets and, on Linux, without access to
    other files. What it prints is logged. An error of it fails the step. `app:script:function` as a step is the same, with the
    step's parameters as `args`.

    Example:
        pipeline:
          - function.put: {name: "shop:hello", code: "def greet(name): return 'Hello ' + name"}
          - function.run: {name: "shop:hello:greet", args: {name: Ada}}
          - body.set: "#{body.value}"
        # => "Hello Ada"
    """
    if not eval_args:
        raise ParameterError("evalArgs: expressions in args are always evaluated: put a text into quotes that has none")
    return await run_stored(context, name, _value(args, "args", context))


@command("function.delete")
async def delete(context: Context, name: Name) -> None:
    """Delete a stored script. The body stays as it is.

    Example:
        pipeline:
          - function.put: {name: "shop:hello", code: "def function(): return 'Hello'"}
          - function.delete: {name: "shop:hello"}
          - property.exists: {path: global/app/shop/function/hello}
        # => false
    """
    _, row = await find(context, name)
    marks: dict[str, Any] = {} if context.says("name") else {"as_data": True}
    await context.hub.delete_properties(row["path"], **marks)


def _value(given: Any, parameter: str, context: Context) -> Any:
    """The value of a property that is given by its address; anything else as it is."""
    is_property = context.is_address(parameter) and isinstance(given, dict) and {"path", "value"} <= given.keys()
    return given["value"] if is_property else given


def _check(source: str, name: str) -> None:
    """ParameterError unless this is Python code that can be stored."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        text = error.msg if isinstance(error, SyntaxError) else str(error) or "it is nested too deeply"
        raise ParameterError(f"the code of {name} is not Python{line}: {text}") from None
    names = {one.name for one in tree.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))}
    if hooks := sorted(names & _HOOKS):
        raise ParameterError(
            f"the code of {name} has {hooks[0]}, which nothing calls here: install packages in the hub's environment, and listen "
            "to property.created, property.updated and property.deleted"
        )
    if not names and not any(isinstance(one, (ast.Assign, ast.Import, ast.ImportFrom)) for one in tree.body):
        raise ParameterError(f"the code of {name} has no function: write one, such as `def function():`")


def _envelope(value: Any) -> FunctionRows:
    is_list = isinstance(value, list)
    return {
        "status": "ok",
        "statusCode": 200,
        "valueType": "array" if is_list else "object",
        "value": value,
        "count": len(value) if is_list else 1,
    }


def _row(row: PropertyRow, name: str) -> FunctionRow:
    created, changed = row["created"] / 1000, row["updated"]
    return {
        "name": name,
        "size": len(_source(row).encode()),
        "created": created,
        "modified": created if changed is None else changed / 1000,
        "language": "python",
        "status": "ok",
        "statusMessage": "",
    }


def _source(row: PropertyRow) -> str:
    return row["value"] if row["value"] is not None else row["defaultValue"] or ""


def _name(path: str) -> str:
    """The name of a script by its path, which may be absolute."""
    app, _, script = path.partition("global/app/")[2].partition("/function/")
    return str(FunctionName(app, script.removesuffix(".py").replace("/", ".")))
