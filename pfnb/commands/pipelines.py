"""Commands that run other pipelines, and show how pipelines ran."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from pfnb.exceptions import NotFoundError
from pfnb.language.command import NULL, command
from pfnb.language.context import Context


def _map(value: Any) -> Any:
    """A map, which may be written as JSON in a text: a URI has nothing else."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


_Map = Annotated[dict[str, Any] | None, BeforeValidator(_map, json_schema_input_type=dict[str, Any] | str | None)]


@command("pipeline.start", aliases=("pipeline.run",), anonymous=True, shorthand="key")
async def start(
    context: Context,
    key: Annotated[
        str,
        Field(
            description="The path of a stored pipeline, or the name of a listening one.",
            min_length=1,
            validation_alias=AliasChoices("path", "name", "pipeline"),
        ),
    ],
    vars_: Annotated[_Map, Field(description="Variables for it; they come before its own.")] = None,
    headers_: Annotated[_Map, Field(description="Headers for it; they come before its own.")] = None,
    body_: Annotated[Any, Field(description="Its body, instead of the one at hand.")] = None,
) -> Any:
    """Run another pipeline, with variables, and go on with its body. It runs as the same user; its variables are its own.

    Example:
        pipeline:
          - pipeline.start: {key: "eval?expr=body = vars.name", vars: {name: Ada}}
        # => "Ada"
    """
    result = await context.call(key, vars=vars_, headers=headers_, body=body_)
    return NULL if result is None else result


@command("call", anonymous=True, shorthand="uri")
async def call(
    context: Context,
    uri: Annotated[
        str,
        Field(
            description="Such as `$uri:pipeline:PATH?name=Ada`, `$uri:command:datetime` or `datetime|log`.",
            min_length=1,
        ),
    ],
    vars_: Annotated[_Map, Field(description="Variables for the pipeline that is called.")] = None,
) -> Any:
    """Run what a URI names, a stored pipeline or one that is written in the URI itself, and go on with its body.

    Example:
        pipeline:
          - call: "$uri:command:body.set?value=called"
        # => "called"
    """
    result = await context.call(uri, vars=vars_)
    return NULL if result is None else result


@command("pipeline.debug", read_only=True, shorthand="name")
async def debug(
    context: Context,
    name: Annotated[str, Field(description="The name of a listening pipeline.", min_length=1)],
    run: Annotated[
        str | None, Field(description="The id of one of its runs; without it, the newest.", pattern=r"^[0-9]{1,18}$")
    ] = None,
) -> dict[str, Any]:
    """Show what the steps of a listening pipeline's run were given, what they made of it, and how long they took.

    Returns the run, with its records as `steps`.

    Example:
        pipeline:
          - pipeline.debug: {name: lead, onError: IGNORE}
          - body.set: "#{body?.steps?.![command]}"
        # => null
    """
    found = await context.hub.list_runs(name, 1, None if run is None else str(int(run) + 1))
    if not found or (run is not None and str(found[0]["id"]) != run):
        raise NotFoundError(f"{name} has not run yet" if run is None else f"{name} has no run {run}")
    return {**found[0], "steps": await context.hub.read_steps(str(found[0]["id"]))}
