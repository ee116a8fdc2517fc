"""HTTP requests to other servers."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.credentials import Secret, headers_with, hidden_in_errors
from pfnb.commands.inputs import chosen
from pfnb.commands.outbound import Headers, body_of, content_for
from pfnb.language.content import without_codes
from pfnb.language.context import Context
from pfnb.language.parameters import UNSET
from pfnb.outbound import Answer, Attempts, Content, Targets, send

Url = Annotated[str, Field(description="The URL.", min_length=1)]
Username = Annotated[str | None, Field(description="Username for basic authentication.")]
Password = Annotated[str | None, Field(description="Password for basic authentication.")]
Bearer = Annotated[str | None, Field(description="Bearer token for authentication.")]
Timeout = Annotated[float, Field(description="Seconds to wait for the answer.", gt=0, le=300)]
Body = Annotated[Any, Field(description="What to send: a value as JSON, a text, or files. Default: the body.")]


_EXAMPLE = """

    Example:
        pipeline:
          - http.{}: {{url: "http://169.254.169.254/latest/meta-data", onError: IGNORE}}
          - body.set: "that address is refused"
        # => "that address is refused"
"""


def _asking(method: str, says: str) -> None:
    """Declare the command of a method without a body."""

    async def ask(
        context: Context,
        url: Url,
        headers_: Headers = None,
        username: Username = None,
        password: Password = None,
        bearer: Bearer = None,
        secret: Secret = None,
        timeout: Timeout = 30.0,  # noqa: ASYNC109
    ) -> Any:
        sent = await headers_with(context, headers_, username=username, password=password, bearer=bearer, secret=secret)
        answer = await _answer(context, method, url, Content.of(None), sent, timeout)
        return await body_of(answer, url, context)

    ask.__doc__ = says + _EXAMPLE.format(method.lower())
    command(f"http.{method.lower()}", shorthand="url")(ask)


def _sending(method: str, says: str) -> None:
    """Declare the command of a method that sends a body."""

    async def send_body(
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
    ) -> Any:
        content = await content_for(chosen(body_, body), context)
        sent = await headers_with(context, headers_, username=username, password=password, bearer=bearer, secret=secret)
        answer = await _answer(context, method, url, content, sent, timeout)
        return await body_of(answer, url, context)

    send_body.__doc__ = says + _EXAMPLE.format(method.lower())
    command(f"http.{method.lower()}", shorthand="url")(send_body)


_asking(
    "GET",
    """Get what is at a URL, as the body: JSON as a value, text as a text, anything else as a content reference.

    Any other answer than 2xx is an error, redirects too; `onError` decides what to do then. Private, local and link-local
    addresses are refused unless `PFNB_ALLOW_TARGETS` names them.""",
)
_asking("DELETE", "Delete what is at a URL; the body becomes the answer. Answers and errors are those of `http.get`.")
_sending(
    "POST",
    """Post something to a URL; the body becomes the answer. Content references are sent as their files.

    Answers and errors are those of `http.get`.""",
)
_sending("PUT", "Put something at a URL; otherwise like `http.post`.")
_sending("PATCH", "Change a part of what is at a URL; otherwise like `http.post`.")


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
    answer = await _answer(context, "HEAD", url, Content.of(None), sent, timeout)
    return answer.headers


async def _answer(
    context: Context, method: str, url: str, content: Content, headers: dict[str, str], seconds: float
) -> Answer:
    """Send one request, without retries: only the pipeline knows whether repeating is safe."""
    targets, once = Targets.from_environment(os.environ), Attempts(timeout=seconds, retries=0)
    with hidden_in_errors(context):
        return await send(targets, without_codes(url), content, method=method, headers=headers, attempts=once)
