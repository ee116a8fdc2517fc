"""Commands for errors: raising one, handling those of earlier steps, and cleaning up in any case."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import ParameterError, PfnbError, RaisedError
from pfnb.language.command import BlockDeclaration, When
from pfnb.language.context import Context
from pfnb.language.deferred import Lazy
from pfnb.language.extent import check_written, shown
from pfnb.language.offload import threaded
from pfnb.language.response import Response
from pfnb.language.running.block_handle import BlockHandle
from pfnb.language.running.failure import is_of_type


@command("error", anonymous=True, shorthand="message")
async def error_(
    message: Annotated[str, Field(description="The error's message.")],
    status_code: Annotated[
        int, Field(description="The HTTP status of the error.", ge=400, le=599, validation_alias="status")
    ] = 500,
    type_: Annotated[
        str | None, Field(description="The error's type, as `except` and `exception.type` name it.")
    ] = None,
) -> None:
    """End the run with an error.

    Example:
        body: {total: -1}
        pipeline:
          - error: {message: "a negative total", if: "#{body.total < 0}", onError: IGNORE}
        # => {"total": -1}
    """
    error = RaisedError(message)
    error.status, error.type = status_code, type_ or error.type
    raise error


@command("except", anonymous=True, block=BlockDeclaration("except.end", when=When.AFTER_ERROR), shorthand="type_")
async def except_(
    block: BlockHandle,
    context: Context,
    type_: Annotated[
        Any,
        Field(description="Only errors of this type, such as NotFoundError; several as a list or separated by commas."),
    ] = None,
    status_code: Annotated[
        Any, Field(description="Only errors of this HTTP status; several as a list.", validation_alias="status")
    ] = None,
    drop: Annotated[
        bool, Field(description="Whether the error ends here: if not, the run ends with it after the block.")
    ] = True,
    response_status_code: Annotated[
        int | None, Field(description="The HTTP status of the response to a waiting caller.", ge=200, le=599)
    ] = None,
) -> None:
    """Run the steps up to `except.end` only if an earlier step has failed. The run continues after them.

    Within them `exception` has `message`, `type`, `statusCode`, `line` and `step`.

    Example:
        pipeline:
          - error: no such order
          - body.set: never
          - except:
          - body.set: "sorry: #{exception.message}"
          - except.end:
        # => "sorry: no such order"
    """
    error = context.error
    if error is None or not _is_meant(error, type_, status_code):
        return
    await block.run("except")
    if response_status_code is not None:
        context.response = replace(context.response or Response(), status=response_status_code)
    if drop:
        context.error = None


@command("finally", anonymous=True, block=BlockDeclaration(None, when=When.ALWAYS))
async def finally_(
    block: BlockHandle,
    context: Context,
    do: Annotated[Lazy | None, Field(description="An expression to evaluate before the steps.")] = None,
    drop: Annotated[bool, Field(description="Whether an earlier error ends here, so that the run succeeds.")] = False,
) -> None:
    """Run all steps after it, to the end of the pipeline, even after an error or an `exit`.

    Example:
        pipeline:
          - exit:
          - body.set: never
          - finally:
          - body.set: always
        # => "always"
    """
    if do is not None:
        await threaded(do)
    await block.run("finally")
    if drop:
        context.error = None


def _is_meant(error: PfnbError, types: Any, statuses: Any) -> bool:
    return (types is None or any(is_of_type(error, name) for name in _listed(types))) and (
        statuses is None or str(error.status) in _listed(statuses)
    )


def _listed(value: Any) -> list[str]:
    if isinstance(value, (str, int)):
        return [part.strip() for part in str(value).split(",")]
    if isinstance(value, list):
        check_written(value)
        return [str(part) for part in value]
    raise ParameterError(f"except needs a name, a status, or a list of them, not {shown(value)}")
