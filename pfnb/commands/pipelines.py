"""Commands for stored pipelines, for running one within another, and for showing how pipelines ran."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from pfnb.commands import command
from pfnb.commands.inputs import chosen
from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.language.command import as_result
from pfnb.language.content import genuine_id
from pfnb.language.context import Context
from pfnb.language.parameters import UNSET
from pfnb.language.port import HubPort
from pfnb.language.reading.reference import PipelineReference
from pfnb.language.running.calls import BY_UUID, PIPELINE_TYPE
from pfnb.rows.delivery import RunRow
from pfnb.rows.property import PropertyRow
from pfnb.rows.run import RunWithSteps


def _map(value: Any) -> Any:
    """A map, which may also be JSON in a text, as in a URI."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


_Map = Annotated[dict[str, Any] | None, BeforeValidator(_map, json_schema_input_type=dict[str, Any] | str | None)]

StoredPath = Annotated[
    str,
    Field(
        description="The path of a stored pipeline, or `uuid:` and the uuid of its property.",
        min_length=1,
        validation_alias="key",
    ),
]


@command("pipeline.put", in_hub=True)
async def put(
    body: Any,
    context: Context,
    path: StoredPath,
    value: Annotated[
        Any, Field(description="The pipeline, as YAML or JSON. Default: the body.", validation_alias="pipeline")
    ] = UNSET,
) -> PropertyRow:
    """Store a pipeline. One that begins with `event.listen` listens from now on. Returns its property.

    An invalid pipeline is refused, with line and column, and nothing changes. Expressions in `value` are evaluated by the
    pipeline that stores it; those in a body or a file stay as they are. A run started by an event stores only a `value` without
    expressions: a stranger's data never becomes a pipeline.

    Example:
        pipeline:
          - body.set: {value: {pipeline: [{body.set: "stored"}]}}
          - pipeline.put: {path: global/app/demo/pipeline/greet}
          - body.set: "#{body.type}"
        # => "application/yaml;type=pipeline"
    """
    if (value is UNSET and context.event is not None) or not context.says("value"):
        raise ParameterError(
            "pipeline.put: what an event brings does not become a pipeline: write it as the value, or store it from outside, by "
            "PUT /api/v3/pipeline:PATH, pi publish or %%pipeline --save"
        )
    if path.startswith(BY_UUID):
        path = (await context.hub.read_pipeline(path))["path"]
    fields = {"value": await _source(chosen(value, body), context), "type": PIPELINE_TYPE}
    return (await context.hub.put_property(path, fields))["property"]


@command("pipeline.get", read_only=True, in_hub=True)
async def get(context: Context, path: StoredPath) -> str:
    """The text of a stored pipeline, or of one that listens in a notebook.

    Example:
        pipeline:
          - pipeline.put: {path: global/app/demo/pipeline/greet, value: "pipeline: [{datetime: {}}]"}
          - pipeline.get: {path: global/app/demo/pipeline/greet}
        # => "pipeline: [{datetime: {}}]"
    """
    return (await context.hub.read_pipeline(path))["source"]


@command("pipeline.delete", in_hub=True)
async def delete(context: Context, path: StoredPath) -> None:
    """Delete a stored pipeline. It stops listening, and its waiting deliveries become dead. The body stays as it is.

    Example:
        pipeline:
          - pipeline.put: {path: global/app/demo/pipeline/greet, value: {pipeline: [{datetime: {}}]}}
          - pipeline.delete: {path: global/app/demo/pipeline/greet}
          - property.exists: {path: global/app/demo/pipeline/greet}
        # => false
    """
    await context.hub.delete_properties((await context.hub.read_pipeline(path))["path"])


@command("pipeline.start", aliases=("pipeline.run",), anonymous=True, shorthand="key")
async def start(
    context: Context,
    key: Annotated[
        PipelineReference,
        Field(
            description="The path of a stored pipeline, or the name of a listening one.",
            validation_alias=AliasChoices("path", "name", "pipeline"),
        ),
    ],
    vars_: Annotated[_Map, Field(description="Its variables; they override its own.")] = None,
    headers_: Annotated[_Map, Field(description="Its headers; they override its own.")] = None,
    body_: Annotated[Any, Field(description="Its body, instead of the current one.")] = None,
) -> Any:
    """Run another pipeline, with variables, and continue with its body. It runs as the same user; its variables are its own.

    An expression may yield the path or name of a stored pipeline. A one-line pipeline must be written here.

    Example:
        pipeline:
          - pipeline.start: {key: "eval?expr=body = vars.name", vars: {name: Ada}}
        # => "Ada"
    """
    return as_result(await context.call(key, vars=vars_, headers=headers_, body=body_))


@command("call", anonymous=True, shorthand="uri")
async def call(
    context: Context,
    uri: Annotated[
        PipelineReference,
        Field(description="Such as `$uri:pipeline:PATH?name=Ada`, `$uri:command:datetime` or `datetime|log`."),
    ],
    vars_: Annotated[
        _Map, Field(description="Variables for the pipeline that is called.", validation_alias="args")
    ] = None,
) -> Any:
    """Run the pipeline of a URI, a stored one or one in the URI itself, and continue with its body.

    An expression may only yield the URI of a stored pipeline. Commands must be written here.

    Example:
        pipeline:
          - call: "$uri:command:body.set?value=called"
        # => "called"
    """
    return as_result(await context.call(uri, vars=vars_))


@command("pipeline.debug", read_only=True, shorthand="name")
async def debug(
    context: Context,
    name: Annotated[str, Field(description="The name of a listening pipeline.", min_length=1)],
    run: Annotated[
        str | None, Field(description="The id of one of its runs. Default: the newest.", pattern=r"^[0-9]{1,18}$")
    ] = None,
) -> RunWithSteps:
    """Show input, output and duration of the steps of a listening pipeline's run.

    Returns the run, with its records as `steps`.

    Example:
        pipeline:
          - pipeline.debug: {name: lead, onError: IGNORE}
          - body.set: "#{body?.steps?.![command]}"
        # => null
    """
    found = await find_run(context.hub, name, run)
    return {**found, "steps": await context.hub.read_steps(found["id"])}


async def find_run(hub: HubPort, name: str, run: str | None = None) -> RunRow:
    """A listener's run: the newest, or the one with this id. NotFoundError if there is none."""
    found = await hub.list_runs(name, 1, None if run is None else str(int(run) + 1))
    if not found or (run is not None and found[0]["id"] != run):
        raise NotFoundError(f"{name} has not run yet" if run is None else f"{name} has no run {run}")
    return found[0]


async def _source(value: Any, context: Context) -> Any:
    """The value to store: the text of a file, or the given value."""
    content_id = await genuine_id(value, context.hub)
    if content_id is None:
        return value
    try:
        return (await context.hub.read_content(content_id)).decode()
    except UnicodeDecodeError:
        raise ParameterError("a pipeline must be a text in YAML or JSON, and this file is not") from None
