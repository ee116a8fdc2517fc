"""HTTP requests to other servers."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.credentials import Secret, headers_with, hidden_in_errors
from pfnb.commands.headers import headers_of
from pfnb.commands.inputs import chosen
from pfnb.commands.outbound import Headers, body_of, content_for
from pfnb.exceptions import ParameterError
from pfnb.language.command import NULL
from pfnb.language.content import without_codes
from pfnb.language.context import Context
from pfnb.language.masking import MASK, is_secret_header
from pfnb.language.media_types import is_json, media_type
from pfnb.language.parameters import UNSET
from pfnb.language.response import Response, can_be_sent
from pfnb.outbound import Answer, Attempts, Content, Targets, send

Url = Annotated[str, Field(description="The URL.", min_length=1)]
Username = Annotated[str | None, Field(description="Username for basic authentication.")]
Password = Annotated[str | None, Field(description="Password for basic authentication.")]
Bearer = Annotated[str | None, Field(description="Bearer token for authentication.")]
Timeout = Annotated[float, Field(description="Seconds to wait for the answer.", gt=0, le=300)]
Body = Annotated[
    Any,
    Field(
        description="What to send: a value as JSON, a text, or files. Default: the body of the pipeline for POST, PUT and PATCH, "
        "else nothing."
    ),
]
Retries = Annotated[
    int,
    Field(
        description="How often to try again after a failed connection, a 429 or a 5xx: only if repeating is safe.",
        ge=0,
        le=10,
    ),
]
IgnoreErrorStatus = Annotated[bool, Field(description="Whether an answer other than 2xx is no error.")]
IncludeResponse = Annotated[bool, Field(description="Whether to return status and headers, too.")]
IncludeRequest = Annotated[bool, Field(description="Whether to return the request, too.")]
ForceContentType = Annotated[
    str | None, Field(description="Read the answer as this type, such as `text/plain`. Default: its own.")
]
Passthru = Annotated[
    bool,
    Field(
        description="Whether the answer, whatever its status, becomes the response to the pipeline's caller. The body stays."
    ),
]
Service = Annotated[str | None, Field(description="Must be empty: there are no services here.")]


_EXAMPLE = """

    Example:
        pipeline:
          - http.{}: {{url: "http://169.254.169.254/latest/meta-data", onError: IGNORE}}
          - body.set: "that address is refused"
        # => "that address is refused"
"""


def _declare(method: str, says: str, *, sends_body: bool) -> None:
    """Declare the command of a method. `sends_body`: unless the step gives another one, it sends the body of the pipeline."""

    async def ask(
        body: Any,
        context: Context,
        url: Url,
        body_: Body = UNSET,
        headers_: Headers = None,
        username: Username = None,
        password: Password = None,
        bearer: Bearer = None,
        secret: Secret = None,
        timeout: Timeout = 30.0,  # noqa: ASYNC109
        retries: Retries = 0,
        ignore_error_status: IgnoreErrorStatus = False,
        include_response: IncludeResponse = False,
        include_request: IncludeRequest = False,
        force_content_type: ForceContentType = None,
        passthru: Passthru = False,
        service: Service = None,
    ) -> Any:
        if service:
            raise ParameterError(f"http.{method.lower()} knows no services: leave out service, and give the whole url")
        given = chosen(body_, body) if sends_body else None if body_ is UNSET else body_
        content = await content_for(given, context)
        sent = await headers_with(context, headers_, username=username, password=password, bearer=bearer, secret=secret)
        with hidden_in_errors(context):
            answer = await send(
                Targets.from_environment(os.environ),
                without_codes(url),
                content,
                method=method,
                headers=sent,
                attempts=Attempts(timeout=timeout, retries=retries),
                any_status=ignore_error_status or passthru,
            )
        if passthru:
            context.response = _passed_on(answer)
            return None
        value = await body_of(_as_type(answer, force_content_type), url, context)
        if not include_response and not include_request:
            return value
        request = {"method": method, "url": url, "headers": _shown(sent, headers_of(headers_)), "body": given}
        return {
            "statusCode": answer.status,
            "headers": {name: without_codes(text) for name, text in answer.headers.items()},
            "body": None if value is NULL else value,
            **({"request": request} if include_request else {}),
        }

    ask.__doc__ = says + _EXAMPLE.format(method.lower())
    command(f"http.{method.lower()}", shorthand="url")(ask)


_declare(
    "GET",
    """Get what is at a URL, as the body: JSON as a value, text as a text, anything else as a content reference.

    Any other answer than 2xx is an error, redirects too; `onError` decides what to do then, or `ignoreErrorStatus`. Private,
    local and link-local addresses are refused unless `PFNB_ALLOW_TARGETS` names them.

    With `includeResponse` the body becomes a map of `statusCode`, `headers` with lower-case names, and `body`. `includeRequest`
    adds `request`, with secret headers masked.""",
    sends_body=False,
)
_declare(
    "DELETE",
    "Delete what is at a URL; the body becomes the answer. Answers and errors are those of `http.get`.",
    sends_body=False,
)
_declare(
    "POST",
    """Post something to a URL; the body becomes the answer. Content references are sent as their files.

    Answers and errors are those of `http.get`.""",
    sends_body=True,
)
_declare("PUT", "Put something at a URL; otherwise like `http.post`.", sends_body=True)
_declare("PATCH", "Change a part of what is at a URL; otherwise like `http.post`.", sends_body=True)


@command("http.head", shorthand="url")
async def head(
    context: Context,
    url: Url,
    headers_: Headers = None,
    username: Username = None,
    password: Password = None,
    bearer: Bearer = None,
    secret: Secret = None,
    timeout: Timeout = 30.0,  # noqa: ASYNC109
) -> dict[str, str]:
    """Request only the headers of a URL, as a map with lower-case names. Errors are those of `http.get`.

    Example:
        pipeline:
          - http.head: {url: "http://127.0.0.1/", onError: IGNORE}
          - body.set: "that address is refused"
        # => "that address is refused"
    """
    sent = await headers_with(context, headers_, username=username, password=password, bearer=bearer, secret=secret)
    targets, once = Targets.from_environment(os.environ), Attempts(timeout=timeout, retries=0)
    with hidden_in_errors(context):
        answer = await send(targets, without_codes(url), Content.of(None), method="HEAD", headers=sent, attempts=once)
    return answer.headers


def _shown(sent: dict[str, str], written: dict[str, str]) -> dict[str, str]:
    """The headers of a request as they were written, without what a secret or a password brought, or what may be one."""
    return {name: MASK if name not in written or is_secret_header(name) else written[name] for name in sent}


def _as_type(answer: Answer, content_type: str | None) -> Answer:
    """The answer read as this type. It keeps its own if it is no JSON although that is asked for."""
    wanted = media_type(content_type or "")
    if not wanted or (is_json(wanted) and not answer.is_json):
        return answer
    return replace(answer, headers={**answer.headers, "content-type": wanted})


def _passed_on(answer: Answer) -> Response:
    """The answer for the caller of the pipeline, with the headers that a response may have."""
    headers = {name: text for name, text in answer.headers.items() if can_be_sent(name, text)}
    return Response(answer.status, answer.data, headers)
