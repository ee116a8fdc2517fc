"""The response to an HTTP caller who waits for a pipeline."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.headers import named_in
from pfnb.language.content import without_codes
from pfnb.language.context import Context
from pfnb.language.parameters import UNSET
from pfnb.language.response import Headers, Response, checked_headers, with_headers


@command("http.response.set", aliases=("http.response",), anonymous=True)
async def set_response(
    context: Context,
    status_code: Annotated[
        int | None,
        Field(description="The HTTP status. A redirect needs `Location`.", ge=200, le=599, validation_alias="status"),
    ] = None,
    headers_: Annotated[
        Any,
        Field(
            description="A map, or a text such as `X-A: 1, X-B: 2`. A header with a list of values is sent several times."
        ),
    ] = None,
    body_: Annotated[
        Any,
        Field(description="The response body, instead of the final body: a content reference is sent as its bytes."),
    ] = UNSET,
    cookies: Annotated[
        dict[str, Any] | None,
        Field(
            description="Cookies for the address of the webhook: a value for each name, null to delete it, or a map with "
            "`value`, `maxAge`, `expires`, `secure`, `httpOnly` (true by default) and `sameSite` (Lax by default)."
        ),
    ] = None,
) -> None:
    """Set status, headers, cookies or body of the HTTP response; omitted ones stay as an earlier step set them.

    What cannot be sent is an error: a redirect without `Location`, a value with line breaks or beyond ASCII, a header that only
    the server sets, or a cookie with a `Path` or `Domain`.

    Example:
        body: {id: 17}
        pipeline:
          - http.response.set: {statusCode: 201, headers: {Location: "/leads/#{body.id}"}, body: created}
        # => {"id": 17}

    Example:
        pipeline:
          - http.response.set:
              statusCode: 303
              headers: {Location: https://example.org/thanks}
              cookies: {seen: "1", theme: {value: dark, maxAge: 86400, secure: true}}
    """
    present = context.response or Response()
    changed = Response(
        headers=_headers(headers_), cookies={name: _uncoded(value) for name, value in (cookies or {}).items()}
    )
    context.response = Response(
        present.status if status_code is None else status_code,
        present.body if body_ is UNSET else body_,
        with_headers(present.headers, changed.headers),
    )


def _headers(value: Any) -> Headers:
    headers: Headers = {}
    for name, content in named_in(value):
        headers = with_headers(headers, checked_headers({str(name): _uncoded(content)}))
    return headers


def _uncoded(value: Any) -> Any:
    """The same for strangers: without codes of content references."""
    if isinstance(value, list):
        return [_uncoded(one) for one in value]
    if isinstance(value, dict):
        return {key: _uncoded(one) for key, one in value.items()}
    return without_codes(value) if isinstance(value, str) else value
