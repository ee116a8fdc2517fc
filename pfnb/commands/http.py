"""The response to an HTTP caller who waits for a pipeline."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.headers import headers_of
from pfnb.exceptions import ParameterError
from pfnb.language.context import Context
from pfnb.language.parameters import UNSET
from pfnb.language.run import SERVER_HEADERS, Response, can_be_header


@command("http.response.set", anonymous=True)
async def set_response(
    context: Context,
    status_code: Annotated[
        int | None, Field(description="The HTTP status.", ge=200, le=599, validation_alias="status")
    ] = None,
    headers_: Annotated[Any, Field(description="A map, or a text such as `X-A: 1, X-B: 2`.")] = None,
    body_: Annotated[Any, Field(description="The response body, instead of the final body.")] = UNSET,
) -> None:
    """Set status, headers or body of the HTTP response; omitted ones stay as an earlier step set them.

    Example:
        body: {id: 17}
        pipeline:
          - http.response.set: {statusCode: 201, headers: {Location: "/leads/#{body.id}"}, body: created}
        # => {"id": 17}
    """
    present = context.response or Response()
    context.response = Response(
        status=present.status if status_code is None else status_code,
        headers={**present.headers, **_headers(headers_)},
        body=present.body if body_ is UNSET else body_,
    )


def _headers(value: Any) -> dict[str, str]:
    headers = headers_of(value)
    for name, content in headers.items():
        if name.lower() in SERVER_HEADERS:
            raise ParameterError(f"http.response.set: {name} is set by the server and cannot be overridden")
        if not can_be_header(name, content):
            raise ParameterError(f"http.response.set: the value of {name} has characters beyond ASCII: encode it first")
    return headers
