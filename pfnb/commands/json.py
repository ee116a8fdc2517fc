"""Validation of JSON against a schema."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pfnb.commands import command
from pfnb.commands.formats.json_schema import problems
from pfnb.commands.inputs import Input, as_json, chosen
from pfnb.exceptions import AssertionFailedError, ParameterError
from pfnb.language.context import Context
from pfnb.language.extent import check_written
from pfnb.language.offload import threaded
from pfnb.language.parameters import UNSET
from pfnb.workshop.pool import call

Version = Annotated[
    Literal["V4", "V6", "V7", "V201909", "V202012"] | None,
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
    Field(description="The draft of JSON Schema. Default: the one in `$schema`, else V7."),
]


@command("json.validate", aliases=("validate.json",), anonymous=True)
async def validate(
    body: Any,
    context: Context,
    schema: Annotated[
        Any, Field(description="The JSON Schema: a map, JSON as text, or a file. Without one, only JSON is demanded.")
    ] = None,
    version: Version = None,
    throw_exception: Annotated[
        bool, Field(description="If false, the body becomes the result, with `status` (`ok`, `error`) and `message`.")
    ] = True,
    input: Input = UNSET,  # noqa: A002 - PIPEFORCE's word
) -> Any:
    """End the run with an error unless the input is JSON, and matches a JSON Schema. The body stays as it is.

    The schema may refer only to parts of itself; nothing is fetched.

    Example:
        body: {name: Ada, age: 36}
        pipeline:
          - json.validate:
              schema: {type: object, required: [name], properties: {age: {type: integer, minimum: 18}}}
        # => {"name": "Ada", "age": 36}
    """
    rules = None if schema is None else await as_json(schema, context, "the schema")
    try:
        data = await as_json(chosen(input, body), context)
        found = [] if rules is None else await threaded(partial(_problems, data, rules, version))
        if found:
            raise AssertionFailedError(f"json.validate: {'; '.join(found)}")
    except (AssertionFailedError, ParameterError) as error:
        if throw_exception:
            raise
        return {"status": "error", "message": error.message}
    return None if throw_exception else {"status": "ok", "message": None}


def _problems(data: Any, schema: Any, version: str | None) -> list[str]:
    check_written([data, schema])  # before waiting for a process
    return call(problems, data, schema, version)
